"""Services of systemd, asked over D-Bus (org.freedesktop.systemd1): whether they run; stop, start, restart."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any, Final

from netkernel.dbus import Bus, BusRefused
from netkernel.errors import KernelRefused, NetworkError

SERVICE: Final = "org.freedesktop.systemd1"
_PATH: Final = "/org/freedesktop/systemd1"
_MANAGER: Final = f"{SERVICE}.Manager"
_UNIT: Final = f"{SERVICE}.Unit"
_PATIENCE_S: Final = 60.0
"""How long a service may take to stop or start."""
_AGAIN_S: Final = 0.02
_NO_SUCH_UNIT: Final = f"{SERVICE}.NoSuchUnit"
"""Of one that is not loaded: nobody needs it, and it does not run."""
UP: Final = frozenset({"active", "activating", "reloading"})


def is_running(bus: Bus, unit: str) -> bool:
    """Whether it runs or is about to. Raises BusRefused where there is no systemd."""
    return bool(_state(bus, unit)["ActiveState"] in UP)


def change(bus: Bus, what: str, unit: str) -> None:
    """`what` is Stop, Start or Restart; comes back when it is done. Raises KernelRefused when it did not come to be."""
    try:
        _await_no_job(bus, unit)  # one of somebody who died: a restart would be taken for it, though it is half done
        _forget_starts(bus, unit)
        bus.call(SERVICE, _PATH, _MANAGER, f"{what}Unit", "ss", unit, "replace")
        _await_no_job(bus, unit)
        state = _state(bus, unit)["ActiveState"]
    except NetworkError as error:
        raise KernelRefused(f"{what.lower()} {unit}", 0, str(error)) from error
    if (state in UP) == (what == "Stop"):
        raise KernelRefused(f"{what.lower()} {unit}", 0, f"it is {state}")


def read_units(bus: Bus) -> None:
    """Let systemd read its units' files again. Raises KernelRefused."""
    try:
        bus.call(SERVICE, _PATH, _MANAGER, "Reload", "")
    except NetworkError as error:
        raise KernelRefused("read the units of systemd again", 0, str(error)) from error


def _forget_starts(bus: Bus, unit: str) -> None:
    """One that was started often of late would not be started again (StartLimitBurst, systemd.unit(5))."""
    try:
        bus.call(SERVICE, _PATH, _MANAGER, "ResetFailedUnit", "s", unit)
    except BusRefused as refused:
        if refused.name != _NO_SUCH_UNIT:
            raise


def _await_no_job(bus: Bus, unit: str) -> None:
    until(lambda: _state(bus, unit)["Job"][0] == 0, _PATIENCE_S)


def until(condition: Callable[[], bool], limit_s: float) -> bool:
    """Whether it came true in time; services tell nobody who has not subscribed to signals."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        select.select([], [], [], _AGAIN_S)
    return True


def _state(bus: Bus, unit: str) -> dict[str, Any]:
    """ActiveState, and Job: its number (0: none) and path."""
    try:
        (path,) = bus.call(SERVICE, _PATH, _MANAGER, "GetUnit", "s", unit)
    except BusRefused as refused:
        if refused.name != _NO_SUCH_UNIT:
            raise
        return {"ActiveState": "inactive", "Job": (0, "/")}  # not loaded
    found = {}
    for name in ("ActiveState", "Job"):
        (found[name],) = bus.call(SERVICE, path, "org.freedesktop.DBus.Properties", "Get", "ss", _UNIT, name)
    return found
