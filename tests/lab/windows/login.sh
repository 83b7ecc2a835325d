#!/bin/sh
# What an SSH login gets: the default shell of OpenSSH for Windows, with the command that was asked for, if one was.
# login.sh cmd|powershell FOLDER; FOLDER is where the lab's SSH server comes from
set -u
shell=$1 tools=$2
cd /C:/users/root || exit 1
asked=${SSH_ORIGINAL_COMMAND-}

case $asked in
internal-sftp | */sftp-server*)
    exec "$tools/lib64/ld-linux-x86-64.so.2" --library-path "$tools/usr/lib/x86_64-linux-gnu" \
        "$tools/usr/lib/openssh/sftp-server" -d /C:/users/root
    ;;
esac

system='C:\windows\system32'
case $shell in
cmd) line=$system'\cmd.exe'${asked:+" /c $asked"} ;;
*)
    # As one argument: a quotation mark gets a backslash, and those before it are doubled.
    quoted=$(printf '%s"' "$asked" | sed 's/\(\\*\)"/\1\1\\"/g')
    line=$system'\WindowsPowerShell\v1.0\powershell.exe'${asked:+" -c \"${quoted%\\\"}\""}
    ;;
esac
grep -qixF -- "$USER" "$LAB_ADMINISTRATORS" || line="$system\\limited.exe $line"

exec env -i WINEPREFIX=/host WINEDEBUG=-all LC_ALL=C.UTF-8 DOTNET_EnableWriteXorExecute=0 ${TERM+TERM="$TERM"} \
    SSH_CONNECTION="$SSH_CONNECTION" LAB_COMMAND_LINE="$line" /usr/lib/wine/wine64 "$system\\verbatim.exe"
