# Private to the collection. What the guest scripts share. The controller strips comments and indentation, puts the
# fragments one behind the other, sets variables in front, and sends the whole over standard input. It runs under Windows
# PowerShell 3.0 and newer, in a runspace that may live on: all of it is in a scope of its own, and what functions change is
# in $run. Programs are called by their full path. No module is imported, no profile read, and nothing compiled.
#
# The first call of each method, operator and cmdlet costs PowerShell some milliseconds, which is what a probe costs beyond
# PowerShell's start. Hence what looks odd in what every probe runs: casts and New-Instance for New-Object (a cmdlet of a
# module that would have to be loaded), the same few methods again and again, and no regular expression where none is needed.

$ErrorActionPreference = 'Stop'
$agent = 'C:\CloudResetPwdAgent'
$updater = 'C:\CloudResetPwdUpdateAgent'
$service = 'cloudResetPwdAgent'
$updaterService = 'cloudResetPwdUpdateAgent'
$needed = 'bin/wrapper.exe', 'conf/wrapper.conf'
# On the agent's own volume, so that backup and restore are renames.
$work = 'C:\.cloudreset'
$scratch = "$work\scratch"
$record = "$agent\.cloudreset"
$system32 = "$env:SystemRoot\System32"
$registry = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', $(if ([Environment]::Is64BitOperatingSystem) { 'Registry64' } else { 'Registry32' }))
$run = @{ said = [Collections.Generic.List[string]]@() }
$latin1 = [Text.Encoding]::GetEncoding(28591)

# The comma keeps a collection one.
function New-Instance($type, [object[]]$arguments = @()) { , [Activator]::CreateInstance($type, $arguments) }

# Of several values each is a fact, and $null is none.
function Write-Fact($key, $values) {
    foreach ($value in $values) { $run.said.Add("$key $value".Replace("`n", ' ')) }
}

# The last so many lines.
function Write-Last($key, $lines, $count) {
    $lines = @($lines)
    # All at once: no pattern spans lines.
    $text = Hide-Secret ($lines[[Math]::Max(0, $lines.Length - $count)..$lines.Length] -join "`n")
    if ($text) { Write-Fact $key $text.Split("`n") }
}

# The same as redaction.py, here already: with -vvv Ansible prints what a guest answers.
function Hide-Secret($text) {
    # Most texts hold none, and to find that out costs less than to replace nothing.
    if ($text -match 'root:|Administrator') { $text = $text -replace '(root:|Administrator\s+)\S+', '$1********' }
    if ($text -cmatch 'reset_password[\\"'']*\s*[:=]') {
        $text = $text -creplace '(reset_password[\\"'']*\s*[:=]\s*[\\"'']*)[^\\"'',}\s]{8,}', '$1********'
    }
    $text
}

# What went wrong, without PowerShell's words about where.
function Get-Reason($failure) {
    $text = $failure.Exception.GetBaseException().Message -replace '\s+', ' '
    $text.Trim()
}

# Opens a file to read it; one that another process writes, too. By .NET's own function: New-Object that fails has been seen
# to hang.
function Open-Shared($path, $share = [IO.FileShare]'ReadWrite, Delete') {
    [IO.File]::Open($path, [IO.FileMode]::Open, [IO.FileAccess]::Read, $share)
}

# The comma keeps it an array.
function Read-Bytes($path) {
    $stream = Open-Shared $path
    try { , ([IO.BinaryReader]$stream).ReadBytes($stream.Length) }
    finally { $stream.Dispose() }
}

function Read-Lines($path, $encoding) {
    if ([IO.File]::Exists($path)) {
        $text = $encoding.GetString((Read-Bytes $path)).Replace("`r", '').TrimEnd()
        if ($text) { $text.Split("`n") }
    }
}

# In hexadecimal digits, by the one implementation that is allowed where only FIPS algorithms are.
function Get-Sha256($bytes) {
    if (-not $run.sha256) { $run.sha256 = New-Instance ([Security.Cryptography.SHA256CryptoServiceProvider]) }
    [BitConverter]::ToString($run.sha256.ComputeHash($bytes)).Replace('-', '').ToLowerInvariant()
}

function Get-Registered($path, $name) {
    $key = $registry.OpenSubKey($path)
    if ($key) {
        $key.GetValue($name)
        $key.Close()
    }
}

# How a service is registered, by the registry, which is what counts at the next boot.
function Get-Registration($name) {
    $found = @{ there = $false; registered = 'none'; enabled = 'no'; masked = 'no' }
    $key = $registry.OpenSubKey("SYSTEM\CurrentControlSet\Services\$name")
    if ($key) {
        $found.there = $true
        $image = [string]$key.GetValue('ImagePath')
        $start = $key.GetValue('Start')
        # One that is to be deleted, or that starts something else, is not the agent's.
        if (-not $key.GetValue('DeleteFlag') -and $image -match '\\CloudResetPwd(Update)?Agent\\') {
            $found.registered = 'service'
            if ($start -eq 2) { $found.enabled = 'yes' }
            if ($start -eq 4) { $found.masked = 'yes' }
        }
        $key.Close()
    }
    $found
}

# Digests of what was installed, a line a file, as sha256sum writes them, in a fixed order. Logs and what the wrapper writes
# while it runs are not part of it.
function Get-Digests($folder) {
    if (-not [IO.Directory]::Exists($folder)) { return }
    $lines = [Collections.Generic.List[string]]@()
    foreach ($path in [IO.Directory]::GetFiles($folder, '*', 'AllDirectories')) {
        $name = $path.Substring($folder.Length + 1).Replace('\', '/')
        if ($name -match '^logs/|^\.cloudreset$|\.(pid|lock|anchor|status)$') { continue }
        try { $lines.Add("$(Get-Sha256 (Read-Bytes $path))  ./$name") }
        catch [IO.IOException] {
            # Another program has it for itself, maybe a virus scanner: that is no damage.
            $run.inUse += $name
        }
    }
    $lines.Sort([StringComparer]::Ordinal)
    $lines
}

# Only unzipped: the vendor's folder in the archive has the name of the one that it is installed to.
function Test-Unzipped {
    -not [IO.File]::Exists("$agent\bin\wrapper.exe") -and (
        [IO.File]::Exists("$agent\CloudResetPwdAgent.Windows\setup.bat") -or
        [IO.File]::Exists("$agent\CloudResetPwdAgent\CloudResetPwdAgent.Windows\setup.bat"))
}

# What is there of the agent, as far as a plan rests on it.
function Write-AgentState {
    if (Test-Unzipped) {
        Write-Fact unzipped $agent
        Write-Fact occupied yes
    }
    elseif ([IO.Directory]::Exists($agent)) {
        Write-Fact directory $agent
        foreach ($name in $needed) {
            $file = [IO.FileInfo]"$agent\$name"
            if ($file.Exists -and $file.Length) { Write-Fact present $name }
        }
        # Right after an installation they are known: it has compared them with the package's.
        $run.inUse = @()
        Write-Fact digest $(if ($run.digests) { $run.digests } else { Get-Digests $agent })
        Write-Fact in_use $run.inUse
        Write-Fact record (Read-Lines $record ([Text.Encoding]::UTF8))
        Write-Fact backend (@(Read-Lines "$agent\conf\wrapper.conf" $latin1) -match '^\s*wrapper\.backend\.type\s*=')
    }
    $found = Get-Registration $service
    Write-Fact registered $found.registered
    Write-Fact enabled $found.enabled
    Write-Fact masked $found.masked
    if ($found.there) { Write-Fact remains yes }
    if ([IO.Directory]::Exists($updater) -or (Get-Registration $updaterService).there) { Write-Fact updater $updater }
    if ([IO.File]::Exists("$work\interrupted")) { Write-Fact interrupted $work }
    if ([IO.Directory]::Exists("$work\backup")) { Write-Fact backup "$work\backup" }
}

# The processes that run from a folder, of all or of some.
function Get-ProcessesIn($folder, $processes = [Diagnostics.Process]::GetProcesses()) {
    foreach ($process in $processes) {
        try { $path = $process.MainModule.FileName }
        catch { continue }  # protected, or it has ended meanwhile
        if ($path -and $path.StartsWith("$folder\", 'OrdinalIgnoreCase')) { $process }
    }
}

# The part of the probe that steps change. A fingerprint stands for it.
function Write-Agent {
    Write-Fact fingerprint (Get-Fingerprint)
    Write-Log log
    if ([IO.Directory]::Exists($agent)) {
        # To ask every process for its program would take longer than all the rest.
        $own = foreach ($name in 'wrapper', 'java') { [Diagnostics.Process]::GetProcessesByName($name) }
        foreach ($process in (Get-ProcessesIn $agent $own)) { Write-Fact running $process.Id }
    }
    $left = [IO.Directory]::Exists($scratch) -or [IO.File]::Exists("$work\holder")
    if ($left -and -not [IO.File]::Exists("$work\lock")) { Write-Fact leftover $work }
}

# Says what is there, and returns its digest.
function Get-Fingerprint {
    $before = $run.said.Count
    Write-AgentState
    $state = $run.said.GetRange($before, $run.said.Count - $before) -join "`n"
    Get-Sha256 ([Text.Encoding]::UTF8.GetBytes($state))
}

function Write-Log($key) {
    Write-Last $key (Read-Lines "$agent\logs\resetPwdAgent.log" ([Text.Encoding]::UTF8)) 10
}

# What nobody foresaw, and where.
function Write-Fault($failure) {
    Write-Fact fault ("$(Get-Reason $failure) At: " + $failure.InvocationInfo.Line.Trim())
}

# In one line, of ASCII alone: a console breaks lines and has a code page of its own.
function Write-Answer {
    [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($run.said -join "`n"))
}
