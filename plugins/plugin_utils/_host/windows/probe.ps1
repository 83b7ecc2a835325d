# Private to the collection. Reads what prerequisites and plan rest on; changes nothing. Set by the controller:
# $metadataTimeout in seconds, $wantedBackend.

function Write-System {
    Write-Fact account "$([Environment]::UserDomainName)\$([Environment]::UserName)"
    $principal = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
    Write-Fact administrator $(if ($principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) { 'yes' } else { 'no' })
    Write-Fact architecture $(if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE })
    Write-Fact powershell $PSVersionTable.PSVersion
    foreach ($name in 'ProductName', 'CurrentVersion', 'CurrentMajorVersionNumber', 'CurrentBuildNumber', 'InstallationType') {
        Write-Fact "os_$name" (Get-Registered 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' $name)
    }
    Write-Fact dotnet (Get-Registered 'SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full' 'Release')
    Write-Fact boot_id (Get-BootId)
}

function Write-Drive {
    Write-Fact free_kb ([long](([IO.DriveInfo]'C').AvailableFreeSpace / 1024))
    # Nothing but writing tells whether one may; the file is gone with its handle.
    $path = 'C:\.cloudreset-' + [IO.Path]::GetRandomFileName()
    try {
        $file = [IO.File]::Create($path, 1, [IO.FileOptions]::DeleteOnClose)
        $file.Dispose()
        Write-Fact drive_writable yes
    }
    catch { Write-Fact drive_error (Get-Reason $_) }
}

# The address that Windows would send to the metadata service from; no packet is sent.
function Get-SourceAddress {
    $client = New-Instance ([Net.Sockets.UdpClient]) ([Net.Sockets.AddressFamily]::InterNetwork)
    try {
        $client.Connect('169.254.169.254', 80)
        $client.Client.LocalEndPoint.Address.ToString()
    }
    catch { return }  # no route
    finally { $client.Close() }
}

# The NIC that leads to the metadata service.
function Write-Nic {
    $address = if ($run.address) { $run.address } else { Get-SourceAddress }
    if (-not $address) { return }
    Write-Fact address $address
    $key = $registry.OpenSubKey('SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces')
    foreach ($id in $(if ($key) { $key.GetSubKeyNames() })) {
        $nic = $key.OpenSubKey($id)
        $dhcp = $nic.GetValue('EnableDHCP')
        $addresses = if ($dhcp) { $nic.GetValue('DhcpIPAddress') } else { $nic.GetValue('IPAddress') }
        if (@($addresses) -contains $address) {
            Write-Fact nic $id
            Write-Fact dhcp $dhcp
        }
        $nic.Close()
    }
}

# Asks the metadata service over a socket: proxies are for other hosts than this one. Returns the answer, or throws why there
# is none. The limit is for the connection and for each part of the answer.
function Get-Metadata($name) {
    $client = New-Instance ([Net.Sockets.TcpClient]) ([Net.Sockets.AddressFamily]::InterNetwork)
    try {
        $pending = $client.BeginConnect('169.254.169.254', 80, $null, $null)
        if (-not $pending.AsyncWaitHandle.WaitOne([int]$metadataTimeout * 1000)) { throw "no answer within $metadataTimeout s" }
        $client.EndConnect($pending)
        $run.address = $client.Client.LocalEndPoint.Address.ToString()
        $client.ReceiveTimeout = [int]$metadataTimeout * 1000
        $stream = $client.GetStream()
        $request = "GET /openstack/latest/$name HTTP/1.0`r`nHost: 169.254.169.254`r`nConnection: close`r`n`r`n"
        $bytes = [Text.Encoding]::UTF8.GetBytes($request)
        $stream.Write($bytes, 0, $bytes.Length)
        [Text.Encoding]::UTF8.GetString(([IO.BinaryReader]$stream).ReadBytes(65536))
    }
    catch {
        # WSAETIMEDOUT, which has no words in English alone.
        if ($_.Exception.GetBaseException().ErrorCode -eq 10060) { throw "no answer within $metadataTimeout s" }
        throw
    }
    finally { $client.Close() }
}

function Write-Metadata {
    try {
        Write-Fact metadata (Get-Metadata 'meta_data.json').Split("`n")
        $run.metadata = $true
    }
    catch { Write-Fact metadata (Get-Reason $_) }
}

# Where Windows notes that what was installed waits for a restart.
function Write-PendingReboot {
    $current = 'SOFTWARE\Microsoft\Windows\CurrentVersion'
    $notes = @('Windows Update', "$current\WindowsUpdate\Auto Update\RebootRequired"),
        @('component servicing', "$current\Component Based Servicing\RebootPending")
    foreach ($note in $notes) {
        $key = $registry.OpenSubKey($note[1])
        if ($key) {
            Write-Fact pending_reboot $note[0]
            $key.Close()
        }
    }
    if (Get-Registered 'SYSTEM\CurrentControlSet\Control\Session Manager' 'PendingFileRenameOperations') {
        Write-Fact pending_reboot 'files to be renamed'
    }
}

# Those of the named services that are there; the controller knows what each is.
function Write-SecuritySoftware {
    foreach ($name in $securityServices) {
        $key = $registry.OpenSubKey("SYSTEM\CurrentControlSet\Services\$name")
        if ($key) {
            Write-Fact security_service $name
            $key.Close()
        }
    }
}

# Only where the wrapper looks for a free port.
function Write-Ports {
    # The last one counts.
    $mode = if ($wantedBackend -eq 'keep') { "$(@($run.said -match '^backend ')[-1])".Split('=')[-1].Trim() } else { $wantedBackend }
    if ($mode -eq 'PIPE') { return }
    $listeners = [Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners()
    $ports = foreach ($listener in $listeners) { if ($listener.Port -ge 31000 -and $listener.Port -le 32999) { $listener.Port } }
    Write-Fact listening ($ports | Sort-Object -Unique)
}

function Write-Probe {
    Write-System
    Write-Drive
    Write-Metadata
    Write-Nic
    Write-PendingReboot
    Write-SecuritySoftware
    Write-Agent
    Write-Ports
}
