# Private to the collection. Says one line that is another one after each boot: the moment at which the earliest process
# that may be looked at started. It needs neither WMI nor rights, and a clock that is set does not change it.
function Get-BootId {
    $earliest = [long]::MaxValue
    foreach ($process in [Diagnostics.Process]::GetProcesses()) {
        try {
            $started = $process.StartTime.ToFileTimeUtc()
            if ($started -lt $earliest) { $earliest = $started }
        }
        catch {
            # Protected, or it has ended meanwhile: another one tells.
            continue
        }
    }
    "windows-$earliest"
}
