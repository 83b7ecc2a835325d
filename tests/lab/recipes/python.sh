#!/bin/sh
# The server that stock Ansible modules need.
set -eu
apt-get update
apt-get install -y --no-install-recommends python3 python3-apt unzip curl wget ca-certificates
