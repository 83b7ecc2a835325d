@echo off
rem The old packages' CloudResetPwdUpdateAgent.Windows\setup.bat: installs the updater, then calls the agent's own setup
rem (facts/huawei-cloud.md 1.3, 1.5). It ends the command interpreter that called it.

set "parent=%cd%"
xcopy "%parent%\CloudResetPwdUpdateAgent\*" "C:\CloudResetPwdUpdateAgent\" /e /y /i /q
if errorlevel 1 goto failed
call C:\CloudResetPwdUpdateAgent\bin\InstallApp-NT.bat install
call C:\CloudResetPwdUpdateAgent\bin\App.bat start
cd /d "%parent%\..\CloudResetPwdAgent.Windows"
call setup.bat
pause
exit 0

:failed
echo FAILED: Sorry! CloudResetPwdUpdateAgent install failed, check for detail
pause
exit 1
