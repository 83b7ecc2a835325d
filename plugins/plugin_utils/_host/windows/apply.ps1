# Private to the collection. Carries out the steps of a plan, in the order given, and reports each. A step that fails ends
# the run and, once the old agent has been moved aside, puts it back.
# Set by the controller: $steps, $fingerprint, plus the variables that single steps name. $stream has the payload.

$stage = "$scratch\stage"

# Only administrators may write where programs that run as SYSTEM are put together: below C:\ others may, by default.
function New-PrivateFolder($path) {
    $folder = [IO.DirectoryInfo]$path
    $rules = New-Instance ([Security.AccessControl.DirectorySecurity])
    # Full control for SYSTEM and Administrators, nothing inherited.
    $rules.SetSecurityDescriptorSddlForm('D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)')
    if ($folder.Exists) { Assert-Ours $path }
    $folder.Create()
    # Where it is a method and where it is not depends on the .NET that PowerShell runs on.
    if ('IO.FileSystemAclExtensions' -as [type]) { [IO.FileSystemAclExtensions]::SetAccessControl($folder, $rules) }
    else { $folder.SetAccessControl($rules) }
}

# Somebody else may have put it there, with an agent of his own to be "put back".
function Assert-Ours($path) {
    $folder = [IO.DirectoryInfo]$path
    $rules = if ('IO.FileSystemAclExtensions' -as [type]) { [IO.FileSystemAclExtensions]::GetAccessControl($folder) }
    else { $folder.GetAccessControl() }
    $owner = $rules.GetOwner([Security.Principal.SecurityIdentifier]).Value
    $me = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    # SYSTEM and Administrators.
    if (@('S-1-5-18', 'S-1-5-32-544', $me) -notcontains $owner) {
        throw "$path belongs to $owner, who is no administrator; look what is in it and remove it"
    }
}

# The guest's half of the lock: two controllers may work on one guest at once. The handle is the lock, so that it goes with
# whoever holds it. Says whether it was taken.
function Enter-Lock {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        New-PrivateFolder $work
        try {
            $run.lock = [IO.File]::Create("$work\lock", 1, [IO.FileOptions]::DeleteOnClose)
            break
        }
        catch {
            # Another one has it, or is just taking the folder away; anything else is no lock's matter.
            $reason = $_.Exception.GetBaseException()
            if ($reason -isnot [IO.IOException] -and $reason -isnot [UnauthorizedAccessException]) { throw }
        }
        if ($clock.Elapsed.TotalSeconds -ge [int]$lockTimeout) { return $false }
        [Threading.Thread]::Sleep(500)
    }
    [IO.File]::WriteAllText("$work\holder", "$PID")
    if ([IO.Directory]::Exists($scratch)) { [IO.Directory]::Delete($scratch, $true) }
    $null = [IO.Directory]::CreateDirectory($scratch)
    $true
}

function Exit-Lock {
    # A program that was ended holds its file for a moment. What cannot be removed then is told as a leftover, and the next
    # run removes it.
    $null = Wait-Until { Test-Removed $scratch } 30
    [IO.File]::Delete("$work\holder")
    $run.lock.Dispose()
    # A backup stays, and what it is to be put back for.
    if (-not [IO.Directory]::GetFileSystemEntries($work).Length) { [IO.Directory]::Delete($work) }
}

# Removes a folder with all that is in it, and says whether it is gone.
function Test-Removed($path) {
    try { if ([IO.Directory]::Exists($path)) { [IO.Directory]::Delete($path, $true) } }
    catch { return $false }
    $true
}

function Get-LockHolder {
    $holder = Read-Lines "$work\holder" ([Text.Encoding]::ASCII)
    "process $(if ($holder) { $holder } else { 'unknown' })"
}

# Runs a line of cmd in a folder, with nothing to read, for so many seconds, and says what it printed. $run.status is its
# exit status, $run.timedOut whether it was ended.
function Invoke-Line($line, $folder, $seconds) {
    $output = "$scratch\output"
    $start = New-Instance ([Diagnostics.ProcessStartInfo])
    $start.FileName = "$system32\cmd.exe"
    $start.Arguments = "/d /s /c `"$line <NUL >`"$output`" 2>&1`""
    $start.WorkingDirectory = $folder
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $process = [Diagnostics.Process]::Start($start)
    $run.timedOut = -not $process.WaitForExit([int]$seconds * 1000)
    if ($run.timedOut) { Stop-Tree $process }
    else { $run.status = $process.ExitCode }
    Read-Lines $output (Get-Oem)
}

# In the language of the guest, where it has that.
function Get-Oem {
    try { [Text.Encoding]::GetEncoding([Globalization.CultureInfo]::CurrentCulture.TextInfo.OEMCodePage) }
    catch { $latin1 }  # a .NET without code pages; all that is looked for is ASCII
}

# Ends a process, what it started, and what runs from the package. The process comes before these: a script whose program
# ends goes on with its next line, and that would be the next program.
function Stop-Tree($process) {
    $null = & "$system32\taskkill.exe" /pid $process.Id /t /f 2>$null
    Stop-One $process
    foreach ($other in @(Get-ProcessesIn $work) + @(Get-ProcessesIn $agent)) { Stop-One $other }
}

function Stop-One($process) {
    try {
        $process.Kill()
        $null = $process.WaitForExit(5000)
    }
    catch { return }  # it has ended by itself
}

# --- the package ---

function Step-receive {
    $null = [IO.Directory]::CreateDirectory($stage)
    $archive = "$scratch\package"
    $file = [IO.File]::Create($archive)
    $watch = New-Watch
    try {
        while ($stream.MoveNext()) {
            Reset-Watch $watch
            $line = $stream.Current
            if ($line -is [byte[]]) { $line = [Text.Encoding]::ASCII.GetString($line) }
            $bytes = [Convert]::FromBase64String($line)
            $file.Write($bytes, 0, $bytes.Length)
        }
    }
    finally {
        if ($watch) { $watch.Source.Dispose() }
        $file.Dispose()
    }
    $file = [IO.File]::OpenRead($archive)
    try {
        $source = $file
        if ($compressed -eq 'yes') { $source = New-Instance ([IO.Compression.GZipStream]) $file, ([IO.Compression.CompressionMode]::Decompress) }
        Expand-Tar ([IO.BinaryReader]$source) $stage
    }
    catch { throw "cannot unpack the package: $(Get-Reason $_)" }
    finally { $file.Dispose() }
    # The payload's last member: without it the stream was cut. It has the digests of the agent's files.
    if (-not [IO.File]::Exists("$stage\.complete")) { throw 'the package arrived incomplete' }
}

# Over WinRM nobody tells that the controller is gone, and the wait for its next line has no end. With a watch this process
# ends itself then, which lets go of the lock; what lies in $scratch the next run removes. A .NET before 4.5 has none.
function New-Watch {
    $source = New-Instance ([Threading.CancellationTokenSource])
    if (-not $source.PSObject.Methods['CancelAfter']) { return }
    $end = [Delegate]::CreateDelegate([Action], [Diagnostics.Process]::GetCurrentProcess(), 'Kill')
    $null = $source.Token.Register($end)
    $watch = @{ Source = $source; Clock = [Diagnostics.Stopwatch]::StartNew() }
    Reset-Watch $watch
    $watch
}

# So many seconds until the next line, and so many for all of them.
function Reset-Watch($watch) {
    if (-not $watch) { return }
    $left = [Math]::Max(0, [int]$transferTimeout - $watch.Clock.Elapsed.TotalSeconds)
    $watch.Source.CancelAfter([int](1000 * [Math]::Min([int]$downloadTimeout, $left)))
}

# A ustar archive of files and folders, which is what the controller sends: every .NET can read it, and zip not.
function Expand-Tar($reader, $folder) {
    while (($block = $reader.ReadBytes(512)).Length -eq 512 -and $block[0]) {
        $name = Get-TarText $block 0 100
        $prefix = Get-TarText $block 345 155
        $path = $folder + '\' + $(if ($prefix) { "$prefix/$name" } else { $name }).Replace('/', '\').TrimEnd('\')
        $size = [Convert]::ToInt64((Get-TarText $block 124 12).Trim(), 8)
        # '5' is a folder.
        if ($block[156] -eq 53) {
            $null = [IO.Directory]::CreateDirectory($path)
            continue
        }
        $file = [IO.File]::Create($path)
        try {
            for ($left = $size; $left -gt 0; $left -= $bytes.Length) {
                $bytes = $reader.ReadBytes([Math]::Min($left, 4MB))
                if (-not $bytes.Length) { throw 'it is cut off' }
                $file.Write($bytes, 0, $bytes.Length)
            }
        }
        finally { $file.Dispose() }
        $null = $reader.ReadBytes((512 - $size % 512) % 512)
    }
}

function Get-TarText($block, $at, $length) {
    [Text.Encoding]::UTF8.GetString($block, $at, $length).TrimEnd([char]0).Split([char]0)[0]
}

function Step-fetch {
    $archive = "$scratch\package.zip"
    $seconds = [int]$transferTimeout
    # What Windows before 2016 does not offer by itself, and the bucket asks for.
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072
    $client = New-Instance ([Net.WebClient])
    try {
        $download = $client.DownloadFileTaskAsync($packageUrl, $archive)
        if (-not $download.Wait($seconds * 1000)) { throw "not there after $seconds s" }
    }
    catch { throw "cannot fetch ${packageUrl}: $(Get-Reason $_)" }
    finally { $client.CancelAsync() }
    $sum = Get-Sha256 (Read-Bytes $archive)
    if ($sum -ne $packageSha256) { throw "$packageUrl has the digest $sum, wanted $packageSha256" }
    Add-Type -AssemblyName System.IO.Compression.FileSystem
    [IO.Compression.ZipFile]::ExtractToDirectory($archive, "$scratch\zip")
    [IO.Directory]::Move("$scratch\zip\" + $setupFolder.Replace('/', '\'), $stage)
}

# --- services ---

# Says whether the condition came true within so many seconds.
function Wait-Until($condition, $seconds) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not (& $condition)) {
        if ($clock.Elapsed.TotalSeconds -ge $seconds) { return $false }
        [Threading.Thread]::Sleep(100)
    }
    $true
}

function Stop-Agent($name, $folder) {
    if ((Get-Registration $name).there) {
        $null = Invoke-Line "`"$system32\sc.exe`" stop $name" $work 60
    }
    if (-not (Wait-Until { -not (Get-ProcessesIn $folder) } 20)) {
        foreach ($process in (Get-ProcessesIn $folder)) { Stop-One $process }
    }
}

# Takes a registration away.
function Remove-Registration($name) {
    if (-not (Get-Registration $name).there) { return }
    $said = Invoke-Line "`"$system32\sc.exe`" delete $name" $work 60
    if (-not (Wait-Until { -not (Get-Registration $name).there } 10)) {
        throw "the service $name is still there ($($said -join ' ')): what has it open, such as services.msc, keeps it; close that, or restart"
    }
}

# Who keeps files of a folder, as far as can be told.
function Get-Lockers($folder) {
    $names = foreach ($process in (Get-ProcessesIn $folder)) { "$($process.ProcessName), process $($process.Id)" }
    if ($names) { " (in use by $($names -join '; '))" }
}

# The files of a folder that are in use.
function Get-LockedFiles($folder) {
    foreach ($path in [IO.Directory]::GetFiles($folder, '*', 'AllDirectories')) {
        try { (Open-Shared $path ([IO.FileShare]::None)).Dispose() }
        catch { $path }
    }
}

# A virus scanner lets go by itself.
function Move-Folder($from, $to) {
    if (-not (Wait-Until { -not (Get-LockedFiles $from) } 5)) {
        $locked = @(Get-LockedFiles $from)
        $more = if ($locked.Length -gt 1) { " and $($locked.Length - 1) more" }
        throw "cannot move ${from}: $($locked[0])$more in use$(Get-Lockers $from); end what uses it, or restart the server, and run this again"
    }
    try { [IO.Directory]::Move($from, $to) }
    catch { throw "cannot move ${from}: $(Get-Reason $_)" }
}

# Takes a folder away at once: it goes as a whole, or not at all.
function Remove-Folder($path) {
    if (-not [IO.Directory]::Exists($path)) { return }
    $run.discarded = 1 + $run.discarded
    Move-Folder $path "$scratch\discarded$($run.discarded)"
}

# --- the agent ---

# Moves what is there aside. What a run that was killed had put aside is the older truth: it stays, and what that run
# left half-done goes. The mark $work\interrupted says how the old agent was registered, or that there was none.
function Step-backup {
    $was = Get-Registration $service
    Stop-Agent $service $agent
    $mark = Read-Lines "$work\interrupted" ([Text.Encoding]::ASCII)
    if ($mark -and ($mark -eq 'nothing' -or [IO.Directory]::Exists("$work\backup"))) {
        Remove-Folder $agent
    }
    else {
        if ([IO.Directory]::Exists("$work\backup")) { Remove-Folder "$work\backup" }
        if (-not $mark) { [IO.File]::WriteAllText("$work\interrupted", "$($was.registered) $($was.enabled)") }
        try { Move-Folder $agent "$work\backup" }
        catch {
            # Nothing was moved: no run was interrupted.
            if (-not $mark) { [IO.File]::Delete("$work\interrupted") }
            throw
        }
    }
    $run.backedUp = $true
    Remove-Registration $service
}

function Step-setup {
    if (-not [IO.File]::Exists("$work\interrupted")) { [IO.File]::WriteAllText("$work\interrupted", 'nothing') }
    $run.setUp = $true
    $said = @(Invoke-Line "`"$stage\setup.bat`"" $stage $setupTimeout)
    Write-Last setup $said 40
    # The vendor's words; the exit status means nothing.
    if ($run.timedOut) { throw "setup.bat was ended after $setupTimeout s (setup_timeout)" }
    if ($said -match 'CloudResetPwdAgent install failed') {
        throw 'setup.bat printed "FAILED: Sorry! CloudResetPwdAgent install failed, check for detail"'
    }
    if (-not ($said -match 'CloudResetPwdAgent installed successfully')) {
        throw 'setup.bat did not print "SUCCESS: Congratulations! CloudResetPwdAgent installed successfully."'
    }
    Assert-InPlace
}

# What setup says is one thing, what lies there another.
function Assert-InPlace {
    $wanted = @(Read-Lines "$stage\.complete" ([Text.Encoding]::UTF8))
    if (-not $wanted) { $wanted = @(Get-Digests "$stage\cloudResetPwdAgent") }
    $found = New-Instance ([Collections.Generic.HashSet[string]]) ([StringComparer]::OrdinalIgnoreCase)
    $run.digests = @(Get-Digests $agent)
    foreach ($line in $run.digests) { $null = $found.Add($line) }
    foreach ($line in $wanted) {
        $name = $line -replace '^\S+  \./', ''
        if ($name -ne 'conf/wrapper.conf' -and -not $found.Contains($line)) {
            throw "setup.bat said success, but $agent\$($name.Replace('/', '\')) is missing or differs from the package"
        }
    }
    $conf = [IO.FileInfo]"$agent\conf\wrapper.conf"
    if (-not $conf.Exists -or -not $conf.Length) { throw "setup.bat said success, but $conf is missing" }
}

# The last occurrence of the key wins, so that all go and one comes.
function Step-backend {
    $run.digests = $null
    $conf = "$agent\conf\wrapper.conf"
    $lines = @(Read-Lines $conf $latin1) -notmatch '^\s*wrapper\.backend\.type\s*='
    [IO.File]::WriteAllText($conf, (($lines + "wrapper.backend.type=$backend") -join "`r`n") + "`r`n", $latin1)
}

function Step-register {
    Remove-Registration $service
    $install = "$agent\bin\InstallApp-NT.bat"
    $said = if ([IO.File]::Exists($install)) { Invoke-Line "`"$install`" install" "$agent\bin" 60 }
    if ((Get-Registration $service).registered -eq 'none') {
        # Its own way did not do it, or is not there.
        Remove-Registration $service
        $image = "$agent\bin\wrapper.exe -s $agent\conf\wrapper.conf"
        $said = Invoke-Line "`"$system32\sc.exe`" create $service binPath= `"$image`" start= auto" $work 60
    }
    if ((Get-Registration $service).registered -eq 'none') { throw "cannot register ${service}: $(@($said)[-1])" }
}

# Makes the agent start at boot.
function Step-enable {
    if ((Get-Registration $service).registered -eq 'none') { Step-register }
    if ((Get-Registration $service).enabled -eq 'yes') { return }
    Set-StartType 'auto' 2
    if ((Get-Registration $service).enabled -ne 'yes') { throw "cannot make $service start at boot" }
}

# How the service starts, as sc.exe calls it and as its number. Where sc.exe does not do it, the registry is set, which is
# what counts at the next boot.
function Set-StartType($word, $number) {
    $null = Invoke-Line "`"$system32\sc.exe`" config $service start= $word" $work 60
    $path = "SYSTEM\CurrentControlSet\Services\$service"
    if ((Get-Registered $path 'Start') -eq $number) { return }
    $key = $registry.OpenSubKey($path, $true)
    $key.SetValue('Start', $number, [Microsoft.Win32.RegistryValueKind]::DWord)
    $key.Close()
}

function Step-record {
    $digests = if ($run.digests) { $run.digests } else { Get-Digests $agent }
    [IO.File]::WriteAllText($record, (@("package $packageSha256") + $digests -join "`n") + "`n")
}

function Step-finish {
    [IO.File]::Delete("$work\interrupted")
    if ($keepBackup -ne 'yes') { Remove-Folder "$work\backup" }
}

# Both places where the vendor's pages have the script.
function Invoke-Uninstall($folder) {
    foreach ($script in "$folder\bin\UninstallApp-NT.bat", "$folder\UninstallApp-NT.bat") {
        if ([IO.File]::Exists($script)) {
            $null = Invoke-Line "`"$script`"" ([IO.Path]::GetDirectoryName($script)) 60
        }
    }
}

function Step-remove {
    foreach ($pair in @($service, $agent), @($updaterService, $updater)) {
        $name, $folder = $pair
        Stop-Agent $name $folder
        Invoke-Uninstall $folder
        Remove-Registration $name
        Remove-Folder $folder
    }
    Remove-Folder "$work\backup"
    [IO.File]::Delete("$work\interrupted")
}

function Step-restart {
    Stop-Agent $service $agent
    $said = @(Invoke-Line "`"$system32\sc.exe`" start $service" $work $setupTimeout)
    Write-Last setup $said 40
    if ($run.timedOut) { throw "the service did not start within $setupTimeout s (setup_timeout)" }
    # Not running is healthy: the agent may have finished already. 1056: it runs.
    if ($run.status -and $run.status -ne 1056) { throw "the service did not start: $(@($said)[-1])" }
}

function Step-stop {
    Stop-Agent $service $agent
    if (Get-ProcessesIn $agent) { throw "$service still runs$(Get-Lockers $agent)" }
}

# Letting go of the lock does it.
function Step-tidy { }

# --- the run ---

# Puts back what was there before.
function Restore-Agent {
    $run.digests = $null
    if (-not ($run.backedUp -or $run.setUp)) { return }
    Write-Log failed_log
    $was = Read-Lines "$work\interrupted" ([Text.Encoding]::ASCII)
    Stop-Agent $service $agent
    Remove-Registration $service
    Remove-Folder $agent
    if ($was -ne 'nothing' -and [IO.Directory]::Exists("$work\backup")) {
        Move-Folder "$work\backup" $agent
        $registered, $enabled = $was -split ' '
        if ($registered -ne 'none') { Restore-Registration $enabled }
        Write-Fact rolled_back $agent
    }
    else { Write-Fact rolled_back nothing }
    [IO.File]::Delete("$work\interrupted")
}

function Restore-Registration($enabled) {
    Step-register
    if ($enabled -eq 'yes') { Step-enable }
    else { Set-StartType 'demand' 3 }
}

function Invoke-Steps {
    foreach ($step in $steps.Split(' ')) {
        try {
            $null = & "Step-$step"
            Write-Fact step "$step ok"
        }
        catch {
            Write-Fact step "$step failed $(Hide-Secret (Get-Reason $_))"
            try { Restore-Agent }
            catch { Write-Fact rollback_failed (Hide-Secret (Get-Reason $_)) }
            break
        }
    }
}

function Invoke-Plan {
    try {
        if (-not (Enter-Lock)) {
            Write-Fact locked (Get-LockHolder)
            return
        }
    }
    catch {
        Write-Fact step "$($steps.Split(' ')[0]) failed $(Get-Reason $_)"
        return
    }
    try {
        # Another run may have changed the agent between the probe and now: then the plan is void.
        $before = $run.said.Count
        $now = Get-Fingerprint
        # What it said is told again after the steps.
        $run.said.RemoveRange($before, $run.said.Count - $before)
        if ($now -ne $fingerprint) { Write-Fact stale yes }
        else { Invoke-Steps }
    }
    finally { Exit-Lock }
}
