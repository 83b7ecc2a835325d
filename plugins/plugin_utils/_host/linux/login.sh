# shellcheck shell=sh disable=SC2034,SC2154 # variables cross the fragments, and the controller sets some
# Private to the collection. What may keep a new password from letting anybody in; sent only when it is asked for. No
# password, digest of one, or blob leaves the guest: what holds one is judged here, by builtins, which have no argv.

# What sshd says of root's logins, its Match blocks applied as for this very connection where they can be.
say_sshd() {
  # shellcheck disable=SC2086 # split into words: the address of who is connected comes first
  set -- ${SSH_CONNECTION:-127.0.0.1}
  # One that is not there, or whose settings cannot be told (no root, no host key, too old), is not told.
  { sshd -T -C "user=root,host=$1,addr=$1" || sshd -T; } 2>/dev/null </dev/null |
    grep -iE '^(passwordauthentication|kbdinteractiveauthentication|challengeresponseauthentication|permitrootlogin) ' |
    say_lines sshd
}

# root's line of shadow: whether a password can match, and the days that its age is counted from.
say_root_account() {
  say today "$(($(date +%s) / 86400))"
  [ -r /etc/shadow ] || return
  while IFS=: read -r name hash changed _ maximum _ _ expires _ || [ -n "$name" ]; do
    [ "$name" = root ] || continue
    # A digest begins with neither.
    case $hash in '!'* | '*'*) say root_locked yes ;; *) say root_locked no ;; esac
    say root_changed "$changed"
    say root_maximum "$maximum"
    say root_expires "$expires"
    break
  done </etc/shadow
}

# The keys of cloud-init's settings by which it touches passwords, without what else is in their lines.
say_cloud_init() {
  any_exists /etc/cloud/cloud.cfg || has cloud-init || return
  say cloud_init present
  [ -r /etc/cloud/cloud.cfg ] || return
  say cloud_init readable
  for path in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg /var/lib/cloud/instance/cloud-config.txt; do
    [ -r "$path" ] && say_cloud_settings <"$path"
  done
}

say_cloud_settings() {
  section=
  while read_line; do
    case $line in '' | '#'*) continue ;; esac
    [ -n "$indented" ] || section=${line%%:*}
    case $section in
      password) say cloud_init sets ;;
      ssh_pwauth) say_flag ssh_pwauth "${line#*:}" ;;
      chpasswd) case $line in *list:* | *users:*) say cloud_init sets ;; esac ;;
      cloud_*_modules) case $line in *set[-_]passwords*) say cloud_init module ;; esac ;;
      users | system_info)
        case $line in *name:*) user=${line#*name:} ;; esac
        case $user in *root*) case $line in *lock_passwd:*) say_flag lock_passwd "${line#*lock_passwd:}" ;; esac ;; esac
        ;;
    esac
  done
}

# Sets line without its indentation, and indented to whether it had one. A list's dash counts as one.
read_line() {
  IFS= read -r whole || [ -n "$whole" ] || return 1
  line=${whole#"${whole%%[!	 -]*}"}
  indented=
  [ "$line" = "$whole" ] || indented=yes
}

say_flag() {
  case $2 in
    *[Tt]rue* | *[Yy]es* | *1*) say cloud_init "$1 yes" ;;
    *[Ff]alse* | *[Nn]o* | *0*) say cloud_init "$1 no" ;;
  esac
}

# Whether a password waits for the agent. Who reads it can decrypt it: the answer stays in this variable.
say_pending_reset() {
  [ "$metadata_status" -eq 0 ] || return
  answer=$(bounded "$metadata_timeout" metadata_request reset_password 2>/dev/null </dev/null)
  case $answer in HTTP/*' 200 '*'"reset_password"'* | '{'*'"reset_password"'*) ;; *) return ;; esac
  answer=${answer##*'"reset_password"'}
  case $answer in
    *'"Fail"'*) ;;
    *'""'* | *'"None"'* | *null*) say pending_reset no ;;
    *'"'*'"'*) say pending_reset yes ;;
  esac
  answer=
}

login_facts() {
  say_sshd
  say_root_account
  say_cloud_init
  say_pending_reset
}
