#!/bin/sh
# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# ssh in parallel, as an operator would do it by hand: one script for all hosts, the package on its standard input.
# ssh.sh JOB; the environment names the rest.
set -eu
here=$(dirname "$0")
package=/dev/null
sha256=

if [ "$1" = install ]; then
    address=$BASE_URL/linux/64/reset_pwd_agent/CloudResetPwdAgent.zip
    package=$HOME/CloudResetPwdAgent.zip
    curl -fsS --cacert "$SSL_CERT_FILE" -o "$package" "$address" -o "$package.sha256" "$address.sha256"
    sha256=$(cat "$package.sha256")
    echo "$sha256  $package" | sha256sum --check --quiet
fi

script="sha256=$sha256
$(cat "$here/checks.sh" "$here/$1.sh")"
export script package
# shellcheck disable=SC2016 # each ssh has its own shell, which puts the variables in
xargs -P "$FORKS" -I{} \
    sh -c 'ssh $SSH_OPTIONS "root@$1" "$script" <"$package" >"$OUTPUT_DIR/$1" 2>&1' - {} <"$HOSTS_FILE"
