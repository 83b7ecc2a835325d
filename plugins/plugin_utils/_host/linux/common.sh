# shellcheck shell=sh disable=SC2034,SC2154 # variables cross the fragments, and the controller sets some
# Private to the collection. What the guest scripts share. The controller strips comments and indentation, puts the
# fragments one behind the other, sets the variables named in guest.py in front, and sends the whole over stdin.
# It runs under dash, bash and busybox ash. Nothing here may need a tool without saying what happens where it is missing.

# A controller that goes away must not leave a guest half-way: keep working when nobody reads any more.
trap '' HUP
trap : PIPE
umask 022
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
unset LANG TMPDIR CDPATH GREP_OPTIONS
export LC_ALL PATH
cd / || exit 1

agent=/CloudrResetPwdAgent
service=cloudResetPwdAgent
script=$agent/bin/$service.script
# On the agent's own file system, so that backup and restore are renames.
work=/.cloudreset
record=$agent/.cloudreset

newline='
'
say() { printf '%s %s\n' "$1" "$2"; }

# Copies standard input to the answer, each line under the key.
say_lines() {
  while IFS= read -r line || [ -n "$line" ]; do
    say "$1" "$line"
  done
}

# Takes the secrets out of what a log or a program says, here already: with -vvv Ansible prints a guest's answer as it came.
# The same as redaction.py.
redacted() {
  sed -e 's/\([Rr][Oo][Oo][Tt]:\)[^[:space:]][^[:space:]]*/\1********/g' \
    -e 's/\([Aa]dministrator[[:space:]][[:space:]]*\)[^[:space:]][^[:space:]]*/\1********/g' \
    -e "s/\(reset_password[\\\\\"']*[[:space:]]*[:=][[:space:]]*[\\\\\"']*\)[^\\\\\"',}[:space:]]\{8,\}/\1********/g"
}

has() { command -v "$1" >/dev/null 2>&1; }

# bounded SECONDS COMMAND...: runs it and ends it, with its process group if it leads one (see alone), when the time is up.
# Returns its status; timed_out tells whether it was ended.
bounded() {
  limit=$1
  shift
  timed_out=
  "$@" &
  child=$!
  (
    # A second at a time: the sleep that is going on when the guard is ended stays for that long.
    while [ "$limit" -gt 0 ]; do
      sleep 1
      limit=$((limit - 1))
    done
    trap '' TERM
    kill -TERM "-$child" || kill -TERM "$child"
    sleep 1
    kill -KILL "-$child" || kill -KILL "$child"
    exit 9
  ) </dev/null >/dev/null 2>&1 &
  guard=$!
  wait "$child"
  status=$?
  kill "$guard" 2>/dev/null
  wait "$guard" 2>/dev/null
  [ $? -ne 9 ] || timed_out=yes
  return "$status"
}

# Runs a program in a process group of its own, so that bounded ends its children with it.
alone() {
  if has setsid; then exec setsid "$@"; else exec "$@"; fi
}

systemd_runs() { [ -d /run/systemd/system ]; }

# The runlevel that a SysV init boots into.
default_runlevel() {
  level=
  if [ -r /etc/inittab ]; then
    while IFS=: read -r id runlevels action _; do
      [ "$action" = initdefault ] && case $id in '#'*) ;; *) level=$runlevels ;; esac
    done </etc/inittab
  fi
  echo "${level:-3}"
}

any_exists() {
  for path in "$@"; do
    if [ -e "$path" ] || [ -h "$path" ]; then return 0; fi
  done
  return 1
}

# with_traces NAME COMMAND...: gives the command every place where a registration may lie, but for the system's packages.
with_traces() {
  name=$1
  shift
  "$@" "/etc/init.d/$name" "/etc/rc.d/init.d/$name" /etc/rc[0-6S].d/[SK]??"$name" /etc/rc.d/rc[0-6S].d/[SK]??"$name" \
    /etc/init.d/rc[0-6S].d/[SK]??"$name" "/etc/systemd/system/$name.service" "/run/systemd/system/$name.service" \
    /etc/systemd/system/*.wants/"$name.service"
}

# registration NAME: sets registered (unit, initd, none) and enabled (yes, no) by what lies on disk. That is what the next
# boot reads; the answer of a running init may be older than the disk.
registration() {
  registered=none
  enabled=no
  masked=no
  for directory in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system \
    /lib/systemd/system; do
    unit=$directory/$1.service
    # systemd takes an empty file for a mask, too.
    if [ -c "$unit" ] || { [ -f "$unit" ] && [ ! -s "$unit" ]; }; then
      masked=yes
    elif [ -f "$unit" ] && systemd_runs; then
      registered=unit
      any_exists /etc/systemd/system/*.wants/"$1.service" /usr/lib/systemd/system/*.wants/"$1.service" && enabled=yes
      break
    fi
  done
  if [ "$registered" = none ]; then
    for directory in /etc/init.d /etc/rc.d/init.d; do
      [ -x "$directory/$1" ] && registered=initd
    done
    if [ "$registered" = initd ]; then
      levels='[234]'
      systemd_runs || levels=$(default_runlevel)
      # shellcheck disable=SC2086 # the bracket is a pattern
      any_exists /etc/rc$levels.d/S??"$1" /etc/rc.d/rc$levels.d/S??"$1" /etc/init.d/rc$levels.d/S??"$1" && enabled=yes
    fi
  fi
  [ "$masked" = no ] || enabled=no
}

# Digests of what was installed, a line a file, in a fixed order. Logs and what the wrapper writes while it runs are not
# part of it. cksum (POSIX) stands in where there is no sha256sum; the record then says so by its shape.
digests() {
  (
    cd "$1" 2>/dev/null || exit 0
    if has sha256sum; then tool='sha256sum'; else tool='cksum'; fi
    find . -type f ! -path './logs/*' ! -path ./.cloudreset ! -name '*.pid' ! -name '*.lock' ! -name '*.anchor' \
      ! -name '*.status' -exec "$tool" {} + | sort -k 2
  )
}

# Those of the agent. Right after an installation they are known: it has compared them with the package's.
known_digests=
agent_digests() {
  if [ -n "$known_digests" ]; then printf '%s\n' "$known_digests"; else digests "$agent"; fi
}

# The pid of a running agent, or nothing. It runs for some seconds only: at boot, and after start or restart.
running_pid() {
  if read -r pid 2>/dev/null <"$agent/bin/$service.pid" && [ -d "/proc/$pid" ]; then
    case $(tr '\000' ' ' <"/proc/$pid/cmdline") in *"$agent"* | *wrapper*) echo "$pid" ;; esac
  fi
}

# started PID: when a process started, in ticks since boot, or nothing. Numbers of processes come again, this does not.
started() {
  read -r stat 2>/dev/null <"/proc/$1/stat" || return
  # shellcheck disable=SC2086 # split into words; the program's name, which may have blanks, is cut off before
  set -- ${stat##*)}
  echo "${20}"
}

# Sets holder to the process that holds the guest's lock, and held to yes (it lives), no (it is gone) or nothing (not told).
lock_holder() {
  holder=''
  held=''
  read -r boot </proc/sys/kernel/random/boot_id
  read -r holder since held_boot 2>/dev/null <"$work/lock/holder"
  [ -n "$holder" ] || return
  held=no
  [ "$held_boot" != "$boot" ] || [ "$(started "$holder")" != "$since" ] || held=yes
}

# What is there of the agent, as far as a plan rests on it.
say_agent() {
  [ -d "$agent" ] && say directory "$agent"
  for path in bin/$service.script bin/wrapper conf/wrapper.conf; do
    [ -s "$agent/$path" ] && say present "$path"
  done
  agent_digests | say_lines digest
  [ -r "$record" ] && say_lines record <"$record"
  if [ -d "$agent/bin" ]; then
    find "$agent/bin/$service.script" "$agent/bin/wrapper" "$agent/lib" -type f \
      \( -path "$agent/lib/*" ! -perm 600 -o ! -path "$agent/lib/*" ! -perm 700 -o ! -user 0 \) 2>/dev/null |
      say_lines mode_wrong
    grep '^ *wrapper\.backend\.type *=' "$agent/conf/wrapper.conf" 2>/dev/null | say_lines backend
  fi
  registration "$service"
  say registered "$registered"
  say enabled "$enabled"
  say masked "$masked"
  with_traces "$service" any_exists && say remains yes
  any_exists /CloudResetPwdUpdateAgent || with_traces cloudResetPwdUpdateAgent any_exists &&
    say updater /CloudResetPwdUpdateAgent
  [ -d /CloudResetPwdAgentNew ] && say updater /CloudResetPwdAgentNew
  [ -d /CloudResetPwdAgent ] && say unzipped /CloudResetPwdAgent
  [ -f "$work/interrupted" ] && say interrupted "$work"
  [ -d "$work/backup" ] && say backup "$work/backup"
}
