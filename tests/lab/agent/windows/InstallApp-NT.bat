@echo off
rem Registers the service. Like Tanuki's, it waits for a key when that failed.
"%~dp0wrapper.exe" -i "%~dp0..\conf\wrapper.conf"
if not errorlevel 1 goto :eof
pause
