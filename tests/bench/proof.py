# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the agent is on a host as it should be: by the state there, past every contender's own judgement."""

from __future__ import annotations

from lab.client import AnyHost, Host, WindowsHost

# Both print what is wrong.
_LINUX = """
agent=/CloudrResetPwdAgent
[ -s $agent/conf/wrapper.conf ] || echo "wrapper.conf is missing"
[ "$(stat -c %a $agent/bin/cloudResetPwdAgent.script $agent/bin/wrapper | sort -u)" = 700 ] || echo "bin is not 700"
[ "$(find $agent/lib -type f -exec stat -c %a {} + | sort -u)" = 600 ] || echo "lib is not 600"
[ "$(du -sm $agent | cut -f 1)" -ge 8 ] || echo "the padding is missing"
ls /etc/rc3.d/S??cloudResetPwdAgent >/dev/null || echo "it does not start at boot"
[ ! -e /.cloudreset ] && [ ! -e /root/.CloudResetPwdAgent ] || echo "there is something left over"
"""
_WINDOWS = r"""
$ErrorActionPreference = 'Stop'
$agent = 'C:\CloudResetPwdAgent'
$files = 'conf\wrapper.conf', 'bin\wrapper.exe', 'bin\App.bat', 'lib\wrapper.dll'
foreach ($file in $files) { if (-not [IO.File]::Exists("$agent\$file")) { "$file is missing" } }
$bytes = 0
if ([IO.Directory]::Exists($agent)) {
    foreach ($file in [IO.Directory]::GetFiles($agent, '*', 'AllDirectories')) { $bytes += ([IO.FileInfo]$file).Length }
}
if ($bytes -lt 8MB) { 'the padding is missing' }
$service = 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\cloudResetPwdAgent'
$program = [Microsoft.Win32.Registry]::GetValue($service, 'ImagePath', '')
if ("$program" -notlike "*$agent\bin\*wrapper.exe*") { "the service runs '$program'" }
if ([Microsoft.Win32.Registry]::GetValue($service, 'Start', 0) -ne 2) { 'it does not start at boot' }
# Test-Path passes over what is hidden.
$left = [IO.Directory]::GetFileSystemEntries('C:\', '.cloudreset*')
$left += [IO.Directory]::GetFileSystemEntries('C:\Windows\Temp', 'CloudResetPwdAgent*')
foreach ($place in $left) { "there is something left over: $place" }
exit 0
"""
_WITHIN = 120.0


def problems(host: AnyHost) -> list[str]:
    """Return what is wrong with the agent on a host, whoever installed it."""
    if isinstance(host, WindowsHost):
        said = host.ps(_WINDOWS, timeout=_WITHIN).stdout
    else:
        assert isinstance(host, Host)
        said = host.sh(_LINUX, timeout=_WITHIN).stdout
    return [f"{host.name}: {line}" for line in said.splitlines()]
