#!/bin/sh
# The stand-in's service script. package.py writes it into a package as bin/cloudResetPwdAgent.script and, with the
# other name below, as the old update agent's. Written from facts/agent-protocol.md ("Package and installer",
# "Observed") and facts/huawei-cloud.md 1.4; nothing of it comes from the vendor's or Tanuki's script.
#
# chkconfig: 2345 20 80
# description: one-click password reset, a stand-in
### BEGIN INIT INFO
# Provides:          cloudResetPwdAgent
# Required-Start:    $remote_fs $syslog
# Required-Stop:     $remote_fs $syslog
# Should-Start:      $network $time
# Should-Stop:       $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: one-click password reset, a stand-in
### END INIT INFO

app=cloudResetPwdAgent

# Started through links in init.d and rc?.d, it works in the folder it really lies in.
self=$0
while [ -L "$self" ]; do
    target=$(readlink "$self")
    case $target in
        /*) self=$target ;;
        *) self=$(dirname "$self")/$target ;;
    esac
done
bin=$(cd "$(dirname "$self")" && pwd) || exit 1

conf=$bin/../conf/wrapper.conf
pidfile=$bin/$app.pid
statusfile=$bin/$app.status
init_link=/etc/init.d/$app
unit=/etc/systemd/system/$app.service

setting() { # KEY DEFAULT: the last occurrence wins
    value=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$conf" 2>/dev/null | tail -n 1)
    printf '%s\n' "${value:-$2}"
}

running_pid() { # prints the process id, or nothing
    [ -f "$pidfile" ] || return 0
    read -r pid <"$pidfile" || return 0
    kill -0 "$pid" 2>/dev/null || return 0
    if [ -r "/proc/$pid/cmdline" ] && ! grep -q wrapper "/proc/$pid/cmdline" 2>/dev/null; then
        return 0 # a stale file, and the number belongs to someone else by now
    fi
    printf '%s\n' "$pid"
}

need_root() {
    if [ "$(id -u)" != 0 ]; then
        echo "Must be root to perform this action."
        exit 1
    fi
}

run_wrapper() { # key=value...
    "$bin/wrapper" "$conf" "wrapper.pidfile=$pidfile" "wrapper.statusfile=$statusfile" "$@"
}

wait_for_started() { # the agent is one-shot: healthy, it is gone before it counts as started
    printf 'Waiting for %s...' "$app"
    interval=$(setting wrapper.lab.wait_interval 1)
    rounds=$(setting wrapper.lab.wait_rounds 120)
    round=0
    while [ "$round" -lt "$rounds" ]; do
        printf '.'
        sleep "$interval"
        round=$((round + 1))
        [ "$round" -ge 3 ] || continue
        if [ -f "$statusfile" ]; then
            printf '\n%s started: PID:%s\n' "$app" "$(running_pid)"
            return 0
        fi
        [ -n "$(running_pid)" ] || break
    done
    printf '\nWARNING: %s may have failed to start.\n' "$app"
    return 1
}

start() { # [sysd]
    if [ -n "$(running_pid)" ]; then
        echo "$app is already running."
        return 1
    fi
    echo "Starting $app..."
    if [ "$(setting wrapper.lab.start FAILS_NOT)" = FAILS ]; then
        echo "Failed to start service $app"
        return 1
    fi
    if [ "$1" != sysd ] && [ -f "$unit" ]; then
        if ! systemctl start "$app"; then
            echo "Failed to start service $app"
            return 1
        fi
    else
        run_wrapper wrapper.daemonize=TRUE
    fi
    wait_for_started || [ "$1" = sysd ]
}

stop() {
    echo "Stopping $app..."
    pid=$(running_pid)
    if [ -z "$pid" ]; then
        echo "$app was not running."
        return 0
    fi
    kill "$pid"
    round=0
    while [ -n "$(running_pid)" ]; do
        if [ "$round" -ge 30 ]; then
            echo "Failed to stop $app."
            return 1
        fi
        sleep 1
        round=$((round + 1))
    done
    echo "Stopped $app."
}

status() {
    pid=$(running_pid)
    if [ -z "$pid" ]; then
        echo "$app is not running."
        return 1
    fi
    echo "$app is running: PID:$pid, Wrapper:STARTED, Java:STARTED"
}

dump() {
    pid=$(running_pid)
    if [ -z "$pid" ]; then
        echo "$app was not running."
        return 1
    fi
    echo "Dumped $app."
}

# prints: systemd, chkconfig, insserv, update-rc.d or links
registrar() {
    if [ "$(setting wrapper.lab.use_systemd FALSE)" = TRUE ] && [ -d /run/systemd/system ]; then
        echo systemd
    elif [ -f /etc/redhat-release ] || [ -f /etc/fedora-release ]; then
        echo chkconfig
    elif [ -f /etc/SuSE-release ]; then
        echo insserv
    elif command -v update-rc.d >/dev/null 2>&1; then
        echo update-rc.d
    else
        echo links
    fi
}

detected() { # REGISTRAR
    case $1 in
        chkconfig) echo "Detected RHEL or Fedora:" ;;
        insserv) echo "Detected SuSE or SLES:" ;;
        *) echo "Detected Ubuntu or Debian:" ;;
    esac
}

link_by_hand() { # a host with rc?.d folders and no tool for them
    for level in 2 3 4 5; do
        mkdir -p "/etc/rc$level.d"
        ln -sf "../init.d/$app" "/etc/rc$level.d/S20$app"
    done
    for level in 0 1 6; do
        mkdir -p "/etc/rc$level.d"
        ln -sf "../init.d/$app" "/etc/rc$level.d/K20$app"
    done
    reload_systemd
}

reload_systemd() { # a script in init.d is a unit to systemd, once it has looked again
    [ ! -d /run/systemd/system ] || systemctl daemon-reload
}

unlink_by_hand() {
    rm -f /etc/rc[0-6].d/[SK][0-9][0-9]"$app"
}

write_unit() {
    cat >"$unit" <<UNIT
[Unit]
Description=$app
After=syslog.target network-online.target
Wants=network-online.target

[Service]
Type=forking
ExecStart=$bin/$app.script start sysd
ExecStop=$bin/$app.script stop sysd
TimeoutStartSec=300

[Install]
WantedBy=multi-user.target
UNIT
}

install_systemd() {
    echo "Installing the $app daemon using systemd.."
    if [ -f "$bin/$app.service" ]; then
        # A customised unit is copied, and that is all: it does not start at boot.
        cp "$bin/$app.service" "$unit"
    else
        write_unit
        systemctl daemon-reload
        systemctl enable "$app"
    fi
}

install_init() { # REGISTRAR
    echo "Installing the $app daemon using init.d.."
    ln -s "$bin/./$app.script" "$init_link" || return 1
    case $1 in
        chkconfig) chkconfig --add "$app" && chkconfig "$app" on ;;
        insserv) insserv "$init_link" ;;
        update-rc.d) update-rc.d "$app" defaults || link_by_hand ;;
        links) link_by_hand ;;
    esac
}

disable_init() { # REGISTRAR: the switch "the service stays disabled"
    case $1 in
        chkconfig) chkconfig "$app" off ;;
        insserv) insserv -r "$init_link" ;;
        update-rc.d) update-rc.d "$app" disable || rm -f /etc/rc[2-5].d/S[0-9][0-9]"$app" ;;
        links) rm -f /etc/rc[2-5].d/S[0-9][0-9]"$app" ;;
    esac
}

install() {
    if [ -f "$init_link" ] || [ -f "$unit" ]; then
        echo "The $app daemon is already installed."
        return 1
    fi
    how=$(registrar)
    detected "$how"
    if [ "$how" = systemd ]; then
        install_systemd
        return
    fi
    install_init "$how" || return 1
    if [ "$(setting wrapper.lab.registration ENABLED)" = DISABLED ]; then
        disable_init "$how"
    fi
}

remove_systemd() {
    echo "Removing $app daemon from systemd.."
    systemctl disable "$app"
    rm -f "$unit"
    systemctl daemon-reload
}

remove_init() { # REGISTRAR
    echo "Removing $app daemon from init.d.."
    case $1 in
        chkconfig) chkconfig --del "$app" ;;
        insserv) insserv -r "$init_link" ;;
        update-rc.d) update-rc.d -f "$app" remove ;;
    esac
    unlink_by_hand
    rm -f "$init_link"
    reload_systemd
}

remove() {
    if [ ! -L "$init_link" ] && [ ! -f "$init_link" ] && [ ! -f "$unit" ]; then
        echo "The $app daemon is not currently installed."
        return 1
    fi
    stop
    detected "$(registrar)"
    if [ -f "$unit" ]; then
        remove_systemd
    else
        remove_init "$(registrar)"
    fi
}

usage() {
    cat <<USAGE

Usage: $0 [ console | start | stop | restart | condrestart | status | install | remove | dump ]

Commands:
  console      Run in the current console.
  start        Start in the background.
  stop         Stop if running.
  restart      Stop if running and then start.
  condrestart  Restart only if already running.
  status       Query the current status.
  install      Install to start automatically when the system boots.
  remove       Uninstall.
  dump         Request a thread dump if running.

USAGE
    exit 1
}

case $1 in
    console)
        need_root
        run_wrapper
        ;;
    start | stop | dump | install)
        need_root
        "$@"
        ;;
    status)
        status
        ;;
    remove)
        need_root
        remove
        ;;
    restart)
        need_root
        stop
        start by_hand
        ;;
    condrestart)
        need_root
        if status >/dev/null; then
            stop
            start by_hand
        else
            echo "$app was not running."
        fi
        ;;
    *)
        echo "Unexpected command: $1"
        usage
        ;;
esac
