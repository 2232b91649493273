"""NetworkManager, asked over D-Bus (org.freedesktop.NetworkManager).

Its own files below /run tell what it held when it last wrote them, which is when it stops: of links it lets go of
later it never says so there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from netkernel.dbus import Bus, BusRefused
from netkernel.errors import NetworkError

SERVICE: Final = "org.freedesktop.NetworkManager"
_PATH: Final = "/org/freedesktop/NetworkManager"
_DEVICE: Final = f"{SERVICE}.Device"
_NOT_RUNNING: Final = frozenset(
    {"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner", ""}
)


def let_go(names: Iterable[str], bus: str) -> frozenset[str]:
    """Those of the links that it says it does not manage; none where it is not there to be asked. `bus` is a socket."""
    found = set()
    try:
        with Bus(bus) as through:
            for name in names:
                if not _is_managed(through, name):
                    found.add(name)
    except NetworkError:
        return frozenset()
    return frozenset(found)


def _is_managed(bus: Bus, name: str) -> bool:
    """Whether it manages the link, or does not know it (yet). Raises BusRefused where it does not run."""
    try:
        (device,) = bus.call(SERVICE, _PATH, SERVICE, "GetDeviceByIpIface", "s", name)
        (managed,) = bus.call(SERVICE, device, "org.freedesktop.DBus.Properties", "Get", "ss", _DEVICE, "Managed")
    except BusRefused as refused:
        if refused.name in _NOT_RUNNING:
            raise
        return True
    return bool(managed)
