r"""What a Windows host's registry says about it, as a real one's does: version, .NET, and its network card.

The card's values are written at every boot, from what the DHCP server said.
"""

from __future__ import annotations

from lab.flavours import WindowsVersion
from lab.network import GATEWAY, NETMASK
from lab.windows.lease import Lease
from lab.windows.registry import Keys, Value

_VERSION = r"Software\Microsoft\Windows NT\CurrentVersion"
_PRODUCT = r"System\CurrentControlSet\Control\ProductOptions"
_NET = r"Software\Microsoft\NET Framework Setup\NDP"
_CARDS = r"System\CurrentControlSet\Services\Tcpip\Parameters\Interfaces"

# Wine's drivers for what is plugged in: no host has any, and they look a thousand times a second whether there is.
_POLLING_DRIVERS = ("winebus.sys", "winehid.sys", "wineusb.sys")

# How Wine derives an adapter's id from its index: the rest says NetDev.
_CARD_ID = "{{{index:08X}-0000-0000-0000-4E6574446576}}"

_NOTHING = "0.0.0.0"  # noqa: S104 - not to bind to: what Windows writes when it got no address
_NOBODY = "255.255.255.255"


def of_machine(windows: WindowsVersion) -> Keys:
    """What HKEY_LOCAL_MACHINE says about the system."""
    version: dict[str, Value] = {
        "ProductName": windows.product,
        "EditionID": windows.edition,
        "InstallationType": "Server" if windows.server else "Client",
        "CurrentVersion": windows.version,
        "CurrentBuild": str(windows.build),
        "CurrentBuildNumber": str(windows.build),
        "CSDVersion": "Service Pack 1" if windows.version == "6.1" else "",
    }
    if windows.release:
        version |= {"CurrentMajorVersionNumber": 10, "CurrentMinorVersionNumber": 0, "ReleaseId": windows.release}
    keys: dict[str, dict[str, Value]] = {
        _VERSION: version,
        _PRODUCT: {"ProductType": "ServerNT" if windows.server else "WinNT"},
    }
    if windows.dotnet:
        keys[rf"{_NET}\v4\Full"] = {"Install": 1, "Release": windows.dotnet}
    else:
        keys[rf"{_NET}\v3.5"] = {"Install": 1, "SP": 1, "Version": "3.5.30729.5420"}
    return keys


def of_user(windows: WindowsVersion) -> Keys:
    """What HKEY_CURRENT_USER says: which Windows Wine is to be, and no windows that nobody sees after a crash."""
    return {
        r"Software\Wine": {"Version": windows.wine},
        r"Software\Wine\WineDbg": {"ShowCrashDialog": 0},
        r"Software\Wine\DllOverrides": dict.fromkeys(_POLLING_DRIVERS, ""),
    }


def of_card(index: int, address: str, lease: Lease | None, *, dhcp: bool) -> Keys:
    """What HKEY_LOCAL_MACHINE says about the network card with this index."""
    card = rf"{_CARDS}\{_CARD_ID.format(index=index)}"
    if not dhcp:
        return {
            card: {"EnableDHCP": 0, "IPAddress": [address], "SubnetMask": [NETMASK], "DefaultGateway": [GATEWAY]},
        }
    if lease is None:
        return {
            card: {
                "EnableDHCP": 1,
                "DhcpIPAddress": _NOTHING,
                "DhcpSubnetMask": "255.0.0.0",
                "DhcpServer": _NOBODY,
                "DhcpDefaultGateway": [],
                "IPAutoconfigurationAddress": _without_dhcp(address),
                "IPAutoconfigurationMask": "255.255.0.0",
            }
        }
    return {
        card: {
            "EnableDHCP": 1,
            "DhcpIPAddress": lease.address,
            "DhcpSubnetMask": lease.netmask,
            "DhcpServer": lease.server,
            "DhcpDefaultGateway": list(lease.routers),
            "DhcpNameServer": " ".join(lease.name_servers),
            "IPAutoconfigurationAddress": _NOTHING,
        }
    }


def _without_dhcp(address: str) -> str:
    """The address that Windows would give itself."""
    return "169.254." + ".".join(address.split(".")[2:])
