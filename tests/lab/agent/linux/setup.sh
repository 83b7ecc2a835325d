#!/bin/sh
# The stand-in's setup.sh, written from facts/agent-protocol.md ("Package and installer", "Observed"), lies included:
# it works relative to the folder it is started in, and success is the status of a `cd`.
# The key wrapper.lab.setup makes it behave worse (lab/package.py: PackageOptions.setup).

here=$(pwd)
target=/CloudrResetPwdAgent
behaviour=$(sed -n 's/^wrapper\.lab\.setup=//p' CloudrResetPwdAgent/conf/wrapper.conf | tail -n 1)

copy_half() {
    mkdir -p $target/bin $target/conf
    cp -f CloudrResetPwdAgent/bin/*.script $target/bin
    cp -f CloudrResetPwdAgent/conf/* $target/conf
}

case $behaviour in
    silent) exec >/dev/null 2>&1 ;;
    reads_stdin) cat >/dev/null ;;
    needs_tty)
        if [ ! -t 0 ]; then
            echo "setup.sh: the standard input is not a terminal"
            exit 1
        fi
        ;;
esac

if [ "$behaviour" = half ]; then
    copy_half
else
    cp -rf CloudrResetPwdAgent /
fi

case $behaviour in
    fails)
        echo "cloudResetPwdAgent install failed."
        exit 1
        ;;
    hangs) sleep 86400 ;;
esac

chmod 755 $target/bin/*
chmod 644 $target/lib/*

cd $target/bin || echo "setup.sh: no folder $target/bin"
./cloudResetPwdAgent.script install
./cloudResetPwdAgent.script start
if cd "$here"; then
    pwd
    echo "cloudResetPwdAgent install successfully."
    exit 0
fi
echo "cloudResetPwdAgent install failed."
exit 1
