@echo off
rem The commands of Tanuki's App.bat, each an option of wrapper.exe. Without one it runs in the console.
set option=
if "%1"=="" set option=-c
if "%1"=="console" set option=-c
if "%1"=="install" set option=-i
if "%1"=="remove" set option=-r
if "%1"=="start" set option=-t
if "%1"=="stop" set option=-p
if "%1"=="status" set option=-q
if "%1"=="restart" goto restart
if not defined option goto usage
"%~dp0wrapper.exe" %option% "%~dp0..\conf\wrapper.conf"
exit /b %errorlevel%

:restart
"%~dp0wrapper.exe" -p "%~dp0..\conf\wrapper.conf"
"%~dp0wrapper.exe" -t "%~dp0..\conf\wrapper.conf"
exit /b %errorlevel%

:usage
echo Unexpected command: %1
echo Usage: App.bat [ console : start : stop : restart : status : install : remove ]
exit /b 1
