#!/bin/sh
# The old packages' CloudResetPwdUpdateAgent.Linux/setup.sh: installs the updater, then calls the agent's own setup
# (facts/huawei-cloud.md 1.3).

target=/CloudResetPwdUpdateAgent

cp -rf CloudResetPwdUpdateAgent /
chmod 755 $target/bin/*
chmod 644 $target/lib/*
(
    cd $target/bin || exit 1
    ./cloudResetPwdUpdateAgent.script install
    ./cloudResetPwdUpdateAgent.script start
)
cd ../CloudResetPwdAgent.Linux || exit 1
sh setup.sh
