# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest scripts of Windows, as they are sent: a PowerShell reads them, and nothing in them is newer than 3.0."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host import windows_script
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.windows_guest import BOOTSTRAP
from lab.client import WindowsHost

SENT = {
    "bootstrap": BOOTSTRAP,
    "probe": windows_script.probe_script("nonce", 5),
    "probe with login": windows_script.probe_script("nonce", 5, login=True),
    "apply": windows_script.apply_script("nonce", {"steps": "receive setup", "package_url": "it's"}),
    "boot id": windows_script.boot_id_script(),
}
NEWER = {
    "a cmdlet of 4.0": "Get-FileHash C:\\x",
    "a method of 5.0": "$list = [Collections.ArrayList]::new()",
    "an operator of 7.0": "$a = $b ?? 1",
    "a pipeline chain of 7.0": "New-Item C:\\x && New-Item C:\\y",
    "a class of 5.0": "class One { }",
}
BROKEN = {"an open brace": "if ($a) {"}
# Only the lab's usual PowerShell tells what is newer than 3.0; any tells what is no PowerShell.
LOOK = r"""
$newer = [bool](Get-Command Test-ScriptSyntax -ErrorAction SilentlyContinue)
Write-Output "newer $newer"
foreach ($path in [IO.Directory]::GetFiles('C:\scripts')) {
    $errors = $null
    $null = [Management.Automation.Language.Parser]::ParseFile($path, [ref]$null, [ref]$errors)
    $found = @($errors | ForEach-Object { $_.Message })
    if ($newer) { $found += @(Test-ScriptSyntax $path) }
    foreach ($one in $found) { Write-Output "$([IO.Path]::GetFileNameWithoutExtension($path))|$one" }
}
"""


def complaints(host: WindowsHost, scripts: Mapping[str, str]) -> tuple[bool, dict[str, list[str]]]:
    """Whether the host's PowerShell knows what is newer than 3.0, and what it finds wrong in each script."""
    for name, text in scripts.items():
        host.write(f"C:\\scripts\\{name}.ps1", text)
    first, *lines = host.ps(LOOK).stdout.splitlines()
    found: dict[str, list[str]] = {name: [] for name in scripts}
    for line in lines:
        name, _bar, text = line.partition("|")
        found[name].append(text)
    return first == "newer True", found


def test_a_powershell_of_3_understands_what_is_sent(winhost: WindowsHost) -> None:
    bad = {f"{name} behind it": f"{SENT['apply']}\n{line}\n" for name, line in {**NEWER, **BROKEN}.items()}
    knows_newer, found = complaints(winhost, {**SENT, **bad})
    assert {name: found[name] for name in SENT} == {name: [] for name in SENT}
    seen = {name for name in bad if found[name]}
    assert seen == (set(bad) if knows_newer else {f"{name} behind it" for name in BROKEN})
    if not knows_newer:
        pytest.skip("the lab's PowerShell has no Test-ScriptSyntax: whether all of it is of 3.0 is not told")
