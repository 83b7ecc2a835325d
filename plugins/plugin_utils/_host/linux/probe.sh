# shellcheck shell=sh disable=SC2034,SC2154 # variables cross the fragments, and the controller sets some
# Private to the collection. Reads what prerequisites and plan rest on; changes nothing.
# Builtins and /proc are preferred to programs: on a large fleet each process counts.

say_system() {
  while read -r key _ value _; do
    [ "$key" = Uid: ] && say uid "$value" && break
  done </proc/self/status
  say architecture "$(uname -m)"
  has getconf && say long_bit "$(getconf LONG_BIT 2>/dev/null)"
  read -r boot </proc/sys/kernel/random/boot_id
  say boot_id "$boot"
  for path in /etc/os-release /usr/lib/os-release; do
    [ -r "$path" ] || continue
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in ID=* | ID_LIKE=* | VERSION_ID=* | VARIANT_ID=* | PRETTY_NAME=*) say os "$line" ;; esac
    done <"$path"
    break
  done
  for path in /etc/SuSE-release /etc/kylin-release /etc/neokylin-release /etc/coreos /etc/redhat-release; do
    [ -e "$path" ] || continue
    say release "$path"
    [ -f "$path" ] && say_lines release_text <"$path"
  done
  while read -r key value _; do
    [ "$key" = MemTotal: ] && say memory_kb "$value" && break
  done </proc/meminfo
  say_root
  for path in /sys/fs/selinux/enforce /selinux/enforce; do
    # The kernel ends it without a line end, which read tells as a failure.
    [ -r "$path" ] && value=$(cat "$path") && say selinux "$value"
  done
  if systemd_runs; then
    say init systemd
  elif [ -d /run/openrc ]; then
    say init openrc
  else
    [ -d /etc/init.d ] && say init sysv
  fi
  for tool in systemctl chkconfig insserv update-rc.d tar gzip unzip bsdtar curl wget sha256sum busybox; do
    has "$tool" && say tool "$tool"
  done
  any_exists /etc/rc3.d /etc/rc.d/rc3.d /etc/init.d/rc3.d && say tool rc.d
}

say_root() {
  while read -r _ mountpoint _ options _; do
    [ "$mountpoint" = / ] && root_options=$options
  done </proc/self/mounts
  say root_options "${root_options:-}"
  [ -w / ] && say root_writable yes
  df -Pk / 2>/dev/null | {
    read -r _
    read -r _ _ _ free _ && say root_free_kb "$free"
  }
}

# Listening sockets on 31000-32999 (7918-80E7), where the wrapper looks for a free port in AUTO and SOCKET mode. Not read
# without need: on a machine with much memory the kernel takes 10 ms for each of the two files.
say_ports() {
  case $wanted_backend${state##*wrapper.backend.type} in pipe* | keep=PIPE"$newline"*) return ;; esac
  grep -hE '^ *[0-9]+: [0-9A-F]+:(791[89A-F]|79[2-9A-F].|7[A-F]..|80[0-9A-D].|80E[0-7]) [0-9A-F]+:[0-9A-F]+ 0A ' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    while read -r _ local _; do
      say listening "${local##*:}"
    done
}

# Who gave the NIC that carries the default route its address. Each manager that tells is reported; the controller
# weighs them.
say_nic() {
  nic=
  while read -r interface destination _; do
    [ "$destination" = 00000000 ] && nic=$interface && break
  done </proc/net/route
  [ -n "$nic" ] || return
  say nic "$nic"
  read -r mac <"/sys/class/net/$nic/address" && say mac "$mac"
  # Not from /sys, which in a container may show another network than its own.
  while read -r index interface _; do
    [ "$interface" = "$nic" ] && break
  done </proc/net/dev_mcast
  if [ -f "/run/systemd/netif/leases/$index" ]; then
    say dhcp "networkd-lease dhcp"
  fi
  if [ -f "/run/systemd/netif/links/$index" ]; then
    path=
    while IFS='=' read -r key value; do
      [ "$key" = NETWORK_FILE ] && path=$value
    done <"/run/systemd/netif/links/$index"
    [ -r "$path" ] && say dhcp "networkd-file $(grep -E '^ *DHCP *=' "$path" | tail -n 1)"
  fi
  if [ -d /run/NetworkManager ] && has nmcli; then
    connection=$(nmcli -g GENERAL.CONNECTION device show "$nic" 2>/dev/null)
    [ -n "$connection" ] && say dhcp "networkmanager $(nmcli -g ipv4.method connection show "$connection" 2>/dev/null)"
  fi
  for path in /proc/[0-9]*/comm; do
    read -r value 2>/dev/null <"$path" || continue
    case $value in
      dhclient* | dhcpcd* | udhcpc*)
        say dhcp "client $value $(tr '\000' ' ' 2>/dev/null <"${path%comm}cmdline")"
        ;;
    esac
  done
  for path in /etc/network/interfaces /etc/network/interfaces.d/*; do
    [ -r "$path" ] && grep -E "^[[:blank:]]*iface[[:blank:]]+${nic}[[:blank:]]+inet[[:blank:]]" "$path" | say_lines "dhcp ifupdown"
  done
  for path in "/etc/sysconfig/network-scripts/ifcfg-$nic" "/etc/sysconfig/network/ifcfg-$nic"; do
    [ -r "$path" ] && grep -E '^ *BOOTPROTO *=' "$path" | say_lines "dhcp ifcfg"
  done
  for path in /etc/netplan/*.yaml /run/netplan/*.yaml; do
    [ -r "$path" ] || continue
    say netplan @file
    say_lines netplan <"$path"
  done
}

# metadata_request NAME: the first way that this guest has to ask over HTTP, as one program. Proxies are for other hosts than this one. The time is
# bounded's to keep: Debian 12's busybox wget dies of its own -T.
metadata_request() {
  host=169.254.169.254
  path=/openstack/latest/$1
  request="GET $path HTTP/1.0\\r\\nHost: $host\\r\\nConnection: close\\r\\n\\r\\n"
  unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
  if has curl; then
    set -- curl -q -sS -i --noproxy '*' --max-time "$metadata_timeout" "http://$host$path"
  elif has perl; then
    # shellcheck disable=SC2016 # perl's
    set -- perl -MIO::Socket::INET -e '
      my $s = IO::Socket::INET->new(PeerAddr => "$ARGV[0]:80", Timeout => $ARGV[2]) or die "$@\n";
      (my $r = $ARGV[1]) =~ s/\\r\\n/\r\n/g; print $s $r; print while <$s>;' "$host" "$request" "$metadata_timeout"
  elif has wget; then
    set -- wget -q -O - "http://$host$path"
  elif has busybox; then
    set -- busybox wget -q -O - "http://$host$path"
  elif has bash; then
    set -- sh -c 'echo no connection; exit 7'
  else
    set -- echo no-client
  fi
  # Half of what curl costs. The other one is asked, and tells why, where this fails: a bash may be built without it.
  # shellcheck disable=SC2016 # the inner shell's
  has bash && exec bash -c 'host=$1 request=$2; shift 2
    if { exec 3<>"/dev/tcp/$host/80"; } 2>/dev/null; then printf "$request" >&3 && exec cat <&3; fi
    exec "$@"' - "$host" "$request" "$@"
  exec "$@"
}

# Does not ask for reset_password: whoever reads a pending password has it. See login.sh.
say_metadata() {
  answer=$(
    bounded "$metadata_timeout" metadata_request meta_data.json 2>&1 </dev/null
    [ -z "$timed_out" ] || printf '\nno answer within %s s\n' "$metadata_timeout"
    exit "$status"
  )
  metadata_status=$?
  say metadata_status "$metadata_status"
  printf '%s' "$answer" | tr -d '\r' | head -c 65536 | say_lines metadata
}

say_log() {
  path=$agent/logs/resetPwdAgent.log
  [ -r "$path" ] && tail -n 10 "$path" | redacted | say_lines log
  pid=$(running_pid)
  [ -n "$pid" ] && say running "$pid"
}

probe() {
  say_system
  say_nic
  say_metadata
  probe_agent
  say_ports
}

# The part of it that steps change; sets state.
probe_agent() {
  state=$(say_agent)
  printf '%s\n' "$state"
  say fingerprint "$(printf '%s\n' "$state" | cksum)"
  say_log
  # Apart from the fingerprint, since apply holds the lock itself.
  lock_holder
  [ "$held" != no ] || say leftover "$work"
}
