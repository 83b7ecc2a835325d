# shellcheck shell=sh disable=SC2034,SC2154 # variables cross the fragments, and the controller sets some
# Private to the collection. Carries out the steps of a plan, in the order given, and reports each. A step that fails ends
# the run and, once the old agent has been moved aside, puts it back.
# Set by the controller: steps, fingerprint, plus the variables that single steps name.

scratch=$work/scratch
stage=$scratch/stage

# The guest's half of the lock: two controllers may work on one guest at once. A lock whose holder is gone does not count.
take_lock() {
  waited=0
  unmakeable=
  # The one before may take the folder away between the two.
  until { [ -d "$work" ] || mkdir -m 700 "$work"; } && mkdir "$work/lock"; do
    if [ ! -e "$work/lock" ]; then
      # Nobody holds it: it was just let go or, the second time, it cannot be made.
      [ -z "$unmakeable" ] || return 1
      unmakeable=yes
      continue
    fi
    unmakeable=
    lock_holder
    if [ "$held" = no ]; then
      rm -rf "$work/lock"
      continue
    fi
    [ "$waited" -lt "$lock_timeout" ] || return 1
    # No holder after a second: it was killed between the two commands.
    [ -n "$holder" ] || [ "$waited" -eq 0 ] || rm -rf "$work/lock"
    sleep 1
    waited=$((waited + 1))
  done
  read -r boot </proc/sys/kernel/random/boot_id
  echo "$$ $(started $$) $boot" >"$work/lock/holder"
  rm -rf "$scratch"
  mkdir -m 700 "$scratch"
}

release_lock() {
  step_selinux_enforcing
  rm -rf "$scratch" "$work/lock"
  # Fails, and shall, while a backup lies in it.
  rmdir "$work" 2>/dev/null
}

# Takes a folder away at once. An agent that still writes into it would keep rm from coming to an end.
discard() {
  any_exists "$1" || return 0
  discarded=$((${discarded:-0} + 1))
  mv "$1" "$scratch/discarded$discarded"
}

fail() {
  problem=$1
  return 1
}

# --- the package ---

step_receive() {
  mkdir "$stage" || { fail "cannot make $stage"; return; }
  # shellcheck disable=SC2016 # the inner shell's
  if [ "$compressed" = yes ]; then unpacker='gzip -dc | tar -xf - -C "$0"'; else unpacker='tar -xf - -C "$0"'; fi
  # Bounded, since a controller that lost its network never ends the stream. What runs beside the script has no standard
  # input unless it is given one.
  exec 3<&0
  bounded "$transfer_timeout" alone sh -c "exec <&3; $unpacker" "$stage" 2>"$scratch/errors" || {
    [ -z "$timed_out" ] || echo "not there after $transfer_timeout s" >"$scratch/errors"
    fail "cannot unpack the package: $(head -n 1 "$scratch/errors")"
    return
  }
  # The payload's last member: without it the stream was cut. It has the digests of the agent's files.
  [ -e "$stage/.complete" ] || fail 'the package arrived incomplete'
}

step_fetch() {
  mkdir "$stage" "$scratch/zip" || { fail "cannot make $stage"; return; }
  archive=$scratch/package.zip
  bounded "$transfer_timeout" download "$package_url" "$archive" >"$scratch/errors" 2>&1 </dev/null ||
    {
      [ -z "$timed_out" ] || echo "not there after $transfer_timeout s" >"$scratch/errors"
      fail "cannot fetch $package_url: $(head -n 1 "$scratch/errors")"
      return
    }
  sum=$(sha256sum "$archive")
  [ "${sum%% *}" = "$package_sha256" ] || { fail "$package_url has the digest ${sum%% *}, wanted $package_sha256"; return; }
  unpack "$archive" "$scratch/zip" >"$scratch/errors" 2>&1 </dev/null ||
    { fail "cannot unpack $archive: $(tail -n 1 "$scratch/errors")"; return; }
  mv "$scratch/zip/$setup_folder"/* "$stage/" || fail "no $setup_folder in the package"
}

# Ends by itself when nothing comes for download_timeout. busybox's wget does not: the -T of Debian 12's kills it.
download() {
  if has curl; then
    exec curl -q -fsSL --connect-timeout "$download_timeout" --speed-limit 1 --speed-time "$download_timeout" -o "$2" "$1"
  fi
  case $(wget --version 2>/dev/null) in
    GNU*) exec wget -nv -t 1 -T "$download_timeout" -O "$2" "$1" ;;
    *) exec wget -q -O "$2" "$1" ;;
  esac
}

unpack() {
  if has unzip; then
    unzip -qo "$1" -d "$2"
  elif has bsdtar; then
    bsdtar -xf "$1" -C "$2"
  else
    busybox unzip -qo "$1" -d "$2"
  fi
}

# --- the agent ---

step_selinux_permissive() {
  for path in /sys/fs/selinux/enforce /selinux/enforce; do
    [ -w "$path" ] || continue
    # On disk, so that the next run sets it back when this one is killed.
    echo "$path $boot" >"$work/permissive" || { fail "cannot write $work/permissive"; return; }
    echo 0 >"$path" || { fail "cannot write 0 to $path"; return; }
  done
}

# Nothing to do after a boot: that has set it as the system's configuration says.
step_selinux_enforcing() {
  [ -r "$work/permissive" ] || return 0
  read -r path made_boot <"$work/permissive"
  [ "$made_boot" != "$boot" ] || echo 1 >"$path" || { fail "cannot write 1 to $path"; return; }
  rm -f "$work/permissive"
}

# Moves what is there aside. What a run that was killed had put aside is the older truth: it stays, and what that run
# left half-done goes. The mark $work/interrupted says how the old agent was registered, or that there was none.
step_backup() {
  registration "$service"
  was_registered=$registered
  was_enabled=$enabled
  [ -x "$script" ] && bounded 60 alone "$script" stop >/dev/null 2>&1 </dev/null
  mark=''
  read -r mark 2>/dev/null <"$work/interrupted"
  if [ "$mark" = nothing ] || { [ -f "$work/interrupted" ] && [ -d "$work/backup" ]; }; then
    discard "$agent" || { fail "cannot remove $agent"; return; }
  else
    rm -rf "$work/backup"
    [ -n "$mark" ] || echo "$was_registered $was_enabled" >"$work/interrupted"
    mv "$agent" "$work/backup" || { fail "cannot move $agent to $work/backup"; return; }
  fi
  backed_up=yes
  unregister "$service"
}

step_setup() {
  [ -s "$work/interrupted" ] || echo nothing >"$work/interrupted"
  set_up=yes
  cd "$stage" || { fail "cannot enter $stage"; return; }
  bounded "$setup_timeout" alone sh ./setup.sh >"$scratch/output" 2>&1 </dev/null
  cd /
  tr -d '\r' <"$scratch/output" | tail -n 40 | redacted | head -c 8192 | say_lines setup
  # The guide's rule, in its words. The exit status means nothing.
  if [ -n "$timed_out" ]; then
    fail "setup.sh was ended after $setup_timeout s (setup_timeout)"
  elif grep -q 'Failed to start service cloudResetPwdAgent' "$scratch/output"; then
    fail 'setup.sh printed "Failed to start service cloudResetPwdAgent"'
  elif ! grep -q 'cloudResetPwdAgent install successfully' "$scratch/output"; then
    fail 'setup.sh did not print "cloudResetPwdAgent install successfully."'
  else
    in_place
  fi
}

# What setup says is one thing, what lies there another.
in_place() {
  if [ -s "$stage/.complete" ] && has sha256sum; then
    cat "$stage/.complete"
  else
    digests "$stage/CloudrResetPwdAgent"
  fi | grep -v ' \./conf/wrapper\.conf$' >"$scratch/wanted"
  known_digests=$(digests "$agent")
  printf '%s\n' "$known_digests" >"$scratch/found"
  missing=$(grep -vxFf "$scratch/found" "$scratch/wanted" | head -n 1)
  if [ -n "$missing" ]; then
    fail "setup.sh said success, but $agent/${missing##* ./} is missing or differs from the package"
  elif [ ! -s "$agent/conf/wrapper.conf" ]; then
    fail "setup.sh said success, but $agent/conf/wrapper.conf is missing"
  fi
}

step_modes() {
  chmod 700 "$script" "$agent/bin/wrapper" || { fail "cannot set the modes in $agent/bin"; return; }
  find "$agent/lib" -type f -exec chmod 600 {} + || { fail "cannot set the modes in $agent/lib"; return; }
  chown 0 "$script" "$agent/bin/wrapper" || { fail "cannot make root the owner of $agent/bin"; return; }
  find "$agent/lib" -type f -exec chown 0 {} + || fail "cannot make root the owner of $agent/lib"
}

# The last occurrence of the key wins, so that all go and one comes.
step_backend() {
  known_digests=
  conf=$agent/conf/wrapper.conf
  { grep -v '^ *wrapper\.backend\.type *=' "$conf"; echo "wrapper.backend.type=$backend"; } >"$scratch/conf"
  cat "$scratch/conf" >"$conf" || fail "cannot write $conf"
}

# A mask is a link to /dev/null, or an empty file. It keeps every other registration from counting.
unmask() {
  for directory in /etc/systemd/system /run/systemd/system; do
    [ -s "$directory/$service.service" ] || rm -f "$directory/$service.service"
  done
}

step_register() {
  known_digests=
  unmask
  bounded 60 alone "$script" install >"$scratch/output" 2>&1 </dev/null
  reload
  registration "$service"
  if [ "$registered" = none ] && [ -d /etc/init.d ]; then
    ln -sf "$script" "/etc/init.d/$service"
    reload
    registration "$service"
  fi
  [ "$registered" != none ] || fail "cannot register $service: $(tail -n 1 "$scratch/output")"
}

# Makes the agent start at boot by the first of the tools at hand that does it.
step_enable() {
  registration "$service"
  [ "$registered" != none ] || { step_register || return; }
  [ "$enabled" = no ] || return 0
  unmask
  registration "$service"
  for way in systemctl update-rc.d chkconfig insserv links; do
    [ "$enabled" = no ] || break
    enable_by "$way" >"$scratch/output" 2>&1 </dev/null
    registration "$service"
  done
  reload
  [ "$enabled" = yes ] || fail "cannot make $service start at boot: $(tail -n 1 "$scratch/output")"
}

enable_by() {
  case $1 in
    links) [ "$registered" = initd ] && link_runlevels ;;
    *) has "$1" || return ;;
  esac
  case $1 in
    systemctl) [ "$registered" = unit ] && systemctl enable "$service.service" ;;
    update-rc.d) update-rc.d "$service" defaults && update-rc.d "$service" enable ;;
    chkconfig) chkconfig --add "$service" && chkconfig "$service" on ;;
    insserv) insserv -d "$service" ;;
  esac
}

link_runlevels() {
  for directory in /etc/rc[2345].d /etc/rc.d/rc[2345].d /etc/init.d/rc[2345].d; do
    [ -d "$directory" ] || continue
    rm -f "$directory"/K??"$service"
    ln -sf "/etc/init.d/$service" "$directory/S99$service"
  done
}

# No failure where there is no systemd.
reload() { ! systemd_runs || ! has systemctl || systemctl daemon-reload; }

step_record() {
  {
    echo "package $package_sha256"
    agent_digests
  } >"$scratch/record" && chmod 600 "$scratch/record"
  mv "$scratch/record" "$record" || fail "cannot write $record"
}

step_finish() {
  rm -f "$work/interrupted"
  [ "$keep_backup" = yes ] || rm -rf "$work/backup"
}

# Takes every trace of a registration away, by hand where the tools did not. NAME
unregister() {
  has systemctl && systemctl disable "$1.service" >/dev/null 2>&1 </dev/null
  has chkconfig && chkconfig --del "$1" >/dev/null 2>&1 </dev/null
  with_traces "$1" rm -f
  # insserv has put it among the dependencies of others.
  grep -qsw "$1" /etc/init.d/.depend.* && has insserv && insserv >/dev/null 2>&1 </dev/null
  reload
}

step_remove() {
  for name in cloudResetPwdAgent cloudResetPwdUpdateAgent; do
    case $name in
      cloudResetPwdAgent) folder=$agent ;;
      *) folder=/CloudResetPwdUpdateAgent ;;
    esac
    if [ -s "$folder/bin/$name.script" ]; then
      bounded 60 alone sh "$folder/bin/$name.script" stop >/dev/null 2>&1 </dev/null
      bounded 60 alone sh "$folder/bin/$name.script" remove >/dev/null 2>&1 </dev/null
    fi
    unregister "$name"
  done
  for folder in "$agent" /CloudResetPwdUpdateAgent /CloudResetPwdAgentNew /CloudResetPwdAgent; do
    discard "$folder" || { fail "cannot remove $folder"; return; }
  done
  rm -rf "$work/backup" "$work/interrupted"
}

run_script() {
  bounded "$setup_timeout" alone "$script" "$1" >"$scratch/output" 2>&1 </dev/null
  tail -n 40 "$scratch/output" | redacted | head -c 8192 | say_lines setup
  [ -z "$timed_out" ] || fail "$script $1 was ended after $setup_timeout s (setup_timeout)"
}

# Its status is 1 when all is well, since the agent has finished before the wrapper looks.
step_restart() {
  run_script restart || return
  if grep -q 'Failed to start service' "$scratch/output"; then
    fail "$script restart printed \"Failed to start service\""
  elif ! grep -q 'Starting cloudResetPwdAgent' "$scratch/output"; then
    fail "$script restart did not start it: $(tail -n 1 "$scratch/output")"
  fi
}

step_stop() {
  run_script stop || return
  [ -z "$(running_pid)" ] || fail "$service still runs"
}

# Letting go of the lock does it.
step_tidy() { :; }

# --- the run ---

# Puts back what was there before.
roll_back() {
  known_digests=
  if [ -n "${backed_up:-}${set_up:-}" ]; then
    [ -r "$agent/logs/resetPwdAgent.log" ] && tail -n 10 "$agent/logs/resetPwdAgent.log" | redacted | say_lines failed_log
    [ -x "$script" ] && bounded 60 alone "$script" stop >/dev/null 2>&1 </dev/null
    unregister "$service"
    discard "$agent"
    read -r was_registered was_enabled <"$work/interrupted"
    if [ "$was_registered" != nothing ] && [ -d "$work/backup" ] && mv "$work/backup" "$agent"; then
      [ "$was_registered" = none ] || step_register
      [ "$was_enabled" = no ] || step_enable
      say rolled_back "$agent"
    else
      say rolled_back nothing
    fi
    rm -f "$work/interrupted"
  fi
}

apply() {
  if ! take_lock 2>/dev/null; then
    if [ -n "$unmakeable" ]; then
      say step "${steps%% *} failed $(mkdir -p "$work/lock" 2>&1)"
    else
      say locked "process ${holder:-unknown}"
    fi
  elif [ "$(printf '%s\n' "$(say_agent)" | cksum)" != "$fingerprint" ]; then
    # Another run changed the agent between the probe and now: the plan is void.
    say stale yes
    release_lock
  else
    for step in $steps; do
      problem=
      if "step_$step"; then
        say step "$step ok"
      else
        say step "$step failed $(echo "${problem:-without a word}" | redacted)"
        roll_back
        break
      fi
    done
    release_lock
  fi
  # An unread payload would look like a broken connection on the controller.
  cat >/dev/null
}
