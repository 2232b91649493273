"""NetworkManager: what it holds, and how it lets go of a link or takes one back without touching it.

It keeps a file for each device below /run, for its own restart (nm-config.c, the device run state): a managed device
with a connection there goes on with it, one that is unmanaged by configuration is left as it is. Told while it runs, it
clears what it lets go of. So it is stopped, its files are put right, and it starts. When it runs, the files do not say
what it has let go of since it started: then it is asked over D-Bus (org.freedesktop.NetworkManager).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from netkernel.dbus import Bus, BusRefused
from netkernel.errors import KernelRefused, NetworkError
from netkernel.files import NETWORK_MANAGER
from netkernel.frozen import replace
from netkernel.managers import base, services
from netkernel.ops import SetManager
from netkernel.records import File, Hold, Link, Manager

NAME: Final = NETWORK_MANAGER
UNIT: Final = "NetworkManager.service"
DEVICES: Final = "/run/NetworkManager/devices"
PROFILES: Final = "/etc/NetworkManager/system-connections"
CLAIMED: Final = "/etc/NetworkManager/conf.d/zz-nncp.conf"
"""Names the links that are ours; after other files, for many of those begin the list anew (`=` instead of `+=`)."""
SERVICE: Final = "org.freedesktop.NetworkManager"
_PATH: Final = "/org/freedesktop/NetworkManager"
_DEVICE: Final = f"{SERVICE}.Device"
_ACTIVATED: Final = 100
"""NM_DEVICE_STATE_ACTIVATED."""
_PATIENCE_S: Final = 10.0
_NOT_RUNNING: Final = frozenset(
    {"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner", ""}
)


def look(links: Mapping[str, Link], bus: str, root: str) -> Manager | None:
    """None where it has never run since the machine started."""
    if not os.path.isdir(os.path.join(root, DEVICES.lstrip("/"))):
        return None
    holds = {}
    for name, link in links.items():
        kept = base.text(root, f"{DEVICES}/{link.index}")
        words = base.keys(kept)
        if words.get("managed") == "true":
            holds[name] = Hold(words.get("connection-uuid", ""), kept)
    free = let_go(holds, bus)
    holds = {name: hold for name, hold in holds.items() if name not in free}
    return base.manager(UNIT, _with_leases(holds, bus), bus)


def files(root: str) -> dict[str, File]:
    """The one that is ours, and the profiles that outlast a boot."""
    return base.read(root, (CLAIMED, *base.names(root, PROFILES)))


def begin_anew(op: SetManager, bus: str, root: str) -> None:
    """Raises KernelRefused."""
    try:
        with Bus(bus) as through:
            if services.is_running(through, UNIT):
                services.change(through, "Stop", UNIT)
            _put_right(op, root)
            if op.new.running:
                services.change(through, "Start", UNIT)
                _await(through, op)
    except (OSError, BusRefused) as error:
        raise KernelRefused(str(op), 0, str(error)) from error


def _put_right(op: SetManager, root: str) -> None:
    """Its files of links that change hands, by their numbers now: a link may have been made anew."""
    folder = os.path.join(root, DEVICES.lstrip("/"))
    for name in op.old.holds:
        with suppress(FileNotFoundError):
            os.unlink(f"{folder}/{base.index_of(name)}")
    for name, hold in op.new.holds.items():
        if index := base.index_of(name):
            with open(f"{folder}/{index}", "w") as file:
                file.write(hold.kept)


def _await(bus: Bus, op: SetManager) -> None:
    """Until it has found these links. What it takes back may take longer than anybody waits; what it keeps is wrong."""
    lost = [name for name in op.old.holds if name not in op.new.holds and base.index_of(name)]
    services.until(lambda: all(_device(bus, name) for name in (*lost, *op.new.holds)), _PATIENCE_S)
    services.until(lambda: all(_get(bus, name, "State") == _ACTIVATED for name in op.new.holds), _PATIENCE_S)
    kept = [name for name in lost if _get(bus, name, "Managed")]
    if kept:
        why = f"it still manages {', '.join(kept)}: see unmanaged-devices in `NetworkManager --print-config`"
        raise KernelRefused(str(op), 0, why)


def let_go(names: Iterable[str], bus: str) -> frozenset[str]:
    """Those of the links that it says it does not manage; none where it is not there to be asked. `bus` is a socket."""
    try:
        with Bus(bus) as through:
            return frozenset(name for name in names if _get(through, name, "Managed") is False)
    except NetworkError:
        return frozenset()


def _with_leases(holds: Mapping[str, Hold], bus: str) -> dict[str, Hold]:
    """Also what its DHCP client has, which it only tells (org.freedesktop.NetworkManager.DHCP4Config)."""
    found = dict(holds)
    with suppress(NetworkError), Bus(bus) as through:
        for name, hold in holds.items():
            if (path := _get(through, name, "Dhcp4Config")) in (None, "/"):
                continue
            properties = "org.freedesktop.DBus.Properties"
            (options,) = through.call(SERVICE, str(path), properties, "Get", "ss", f"{SERVICE}.DHCP4Config", "Options")
            told = dict(options)
            if "ip_address" in told:
                servers = tuple(str(told.get("domain_name_servers", "")).split())
                found[name] = replace(hold, servers=servers, lease=str(told.get("dhcp_client_identifier", "")))
    return found


def _get(bus: Bus, name: str, prop: str) -> object:
    """A property of a device; None where it does not know it. Raises BusRefused where it does not run."""
    if not (device := _device(bus, name)):
        return None
    try:
        (value,) = bus.call(SERVICE, device, "org.freedesktop.DBus.Properties", "Get", "ss", _DEVICE, prop)
    except BusRefused as refused:
        if refused.name in _NOT_RUNNING:
            raise
        return None
    return value


def _device(bus: Bus, name: str) -> str:
    """Its path on the bus; "" where it does not know it. Raises BusRefused where it does not run."""
    try:
        (device,) = bus.call(SERVICE, _PATH, SERVICE, "GetDeviceByIpIface", "s", name)
    except BusRefused as refused:
        if refused.name in _NOT_RUNNING:
            raise
        return ""
    return str(device)
