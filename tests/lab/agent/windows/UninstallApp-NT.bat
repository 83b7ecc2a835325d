@echo off
rem Stops the service and removes its registration. Like Tanuki's, it waits for a key when that failed.
"%~dp0@BIN@wrapper.exe" -r "%~dp0@BIN@..\conf\wrapper.conf"
if not errorlevel 1 goto :eof
pause
