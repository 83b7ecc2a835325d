# Private to the collection. What may keep a new password from letting anybody in; sent only when it is asked for. No
# password or blob leaves the guest.

# The agent sets the password of whoever is called Administrator, renamed or not.
# Where the name does not resolve: whether the account that was Administrator at first, by its number, is still called so.
function Write-BuiltInName {
    try {
        $domain = [Security.Principal.WindowsIdentity]::GetCurrent().User.AccountDomainSid
        $account = [Security.Principal.SecurityIdentifier]"$domain-500"
        $name = $account.Translate([Security.Principal.NTAccount]).Value
        Write-Fact admin_named $(if ($name -like '*\Administrator') { 'yes' } else { 'no' })
    }
    catch { Write-Fact admin_untold (Get-Reason $_) }
}

function Write-Administrator {
    try {
        $account = [Security.Principal.NTAccount]'Administrator'
        $null = $account.Translate([Security.Principal.SecurityIdentifier])
        Write-Fact admin_named yes
    }
    catch { Write-BuiltInName }
    try {
        $user = [ADSI]'WinNT://./Administrator,user'
        $flags = $user.UserFlags.Value
        if ($null -eq $flags) { return }
        # ADS_UF_ACCOUNTDISABLE, ADS_UF_LOCKOUT, ADS_UF_PASSWORD_EXPIRED
        Write-Fact admin_locked $(if ($flags -band 0x12) { 'yes' } else { 'no' })
        Write-Fact admin_expired $(if ($flags -band 0x800000) { 'yes' } else { 'no' })
        Write-Fact admin_password_age $user.PasswordAge.Value
    }
    catch { Write-Fact admin_untold (Get-Reason $_) }
}

# Cloudbase-Init sets a password of its own at a first boot, where its configuration asks for it.
function Write-CloudInit {
    $key = $registry.OpenSubKey('SYSTEM\CurrentControlSet\Services\cloudbase-init')
    if (-not $key) { return }
    $image = [string]$key.GetValue('ImagePath')
    $key.Close()
    Write-Fact cloud_init present
    if ($image -notmatch '--config-file[ =]"?([^"]+?\.conf)') { return }
    $conf = @(Read-Lines $Matches[1] ([Text.Encoding]::UTF8))
    if (-not $conf) { return }
    Write-Fact cloud_init readable
    $plugins = @($conf -match '^\s*plugins\s*=')
    # Without the line all of them run.
    if (-not $plugins -or $plugins -match 'SetUserPasswordPlugin') { Write-Fact cloud_init module }
    if ($conf -match '^\s*username\s*=\s*Administrator\s*$') { Write-Fact cloud_init sets }
}

# Whether a password waits for the agent. Who reads it can decrypt it: the answer stays in this function.
function Write-PendingReset {
    if (-not $run.metadata) { return }
    try { $answer = Get-Metadata 'reset_password' }
    catch { return }  # not told
    if ($answer -notmatch '"reset_password"\s*:\s*(null|"[^"]*")') { return }
    $value = $Matches[1].Trim('"')
    if ($value -ceq 'Fail') { return }
    Write-Fact pending_reset $(if (@('', 'None', 'null') -ccontains $value) { 'no' } else { 'yes' })
}

function Write-LoginFacts {
    Write-Administrator
    Write-CloudInit
    Write-PendingReset
}
