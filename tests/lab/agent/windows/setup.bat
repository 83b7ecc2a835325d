@echo off
rem The stand-in's setup.bat, written from facts/agent-protocol.md ("Package and installer") and facts/huawei-cloud.md
rem 1.5, oddities included: it works relative to the folder it is started in, jumps to a label that is not there when
rem nothing was copied, says SUCCESS without looking at the service, waits for a key, and its exit status means nothing.
rem package_windows.py puts in what @...@ stands for; lab/package_options.py says what the behaviours are.

set "here=%cd%"
set target=C:\CloudResetPwdAgent
set behaviour=@SETUP@

if "%behaviour%"=="silent" goto silent
if "%behaviour%"=="reads_stdin" goto read
goto work

:silent
call :work >nul 2>&1
goto :eof

:read
set line=
set /p line=
if defined line goto read

:work
if "%behaviour%"=="half" goto half
xcopy "%here%\cloudResetPwdAgent\*" "%target%\" /e /y /i /q
if not exist "%target%\conf\wrapper.conf" goto :errorlevel
if "%behaviour%"=="fails" goto failed
if "%behaviour%"=="hangs" "%target%\bin\wrapper.exe" --sleep 86400
goto install

:half
xcopy "%here%\cloudResetPwdAgent\bin\*" "%target%\bin\" /y /i /q
xcopy "%here%\cloudResetPwdAgent\conf\*" "%target%\conf\" /y /i /q

:install
cd /d %target%
call bin\InstallApp-NT.bat install
call bin\App.bat start
cd /d "%here%"
if not exist %target%\bin\App.bat goto failed
echo SUCCESS: Congratulations! CloudResetPwdAgent installed successfully.
pause
goto :eof

:failed
echo FAILED: Sorry! CloudResetPwdAgent install failed, check for detail
pause
