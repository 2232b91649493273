"""QEMU's monitor (QMP), at a socket that it inherits: for what none of its arguments says."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping, Sequence

from netkernel.errors import NetworkError
from netkernel.typed import Any, Final
from vmnet.hardware import Device

PATIENCE_S: Final = 30.0
_ID: Final = "vmnet-monitor"


def arguments(descriptor: int) -> list[str]:
    """QEMU's, for a connected socket."""
    return ["-chardev", f"socket,id={_ID},fd={descriptor}", "-mon", f"chardev={_ID},mode=control"]


def links_down(devices: Iterable[Device]) -> list[Mapping[str, Any]]:
    """What it is to be told of NICs whose cable is out."""
    return [
        {"execute": "set_link", "arguments": {"name": each.alias, "up": False}}
        for each in devices
        if each.nic.state == "down"
    ]


def tell(monitor: socket.socket, commands: Sequence[Mapping[str, Any]]) -> None:
    """One after the other, each until it is answered; a QEMU that has ended by then is told nothing more.

    Raises NetworkError for a command that it refuses, and when it says nothing.
    """
    monitor.settimeout(PATIENCE_S)
    with monitor.makefile(encoding="utf-8") as lines:
        try:
            if not lines.readline():  # its greeting
                return
            for each in ({"execute": "qmp_capabilities"}, *commands):
                monitor.sendall(f"{json.dumps(each)}\n".encode())
                _check(each, _answer(lines))
        except TimeoutError:
            raise NetworkError("QEMU's monitor says nothing") from None
        except ConnectionError:
            return


def _answer(lines: Iterable[str]) -> Mapping[str, Any]:
    """The next line that is no event; empty at the end."""
    for line in lines:
        said: Mapping[str, Any] = json.loads(line)
        if "event" not in said:
            return said
    return {}


def _check(command: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    if "error" in answer:
        raise NetworkError(f"QEMU refuses {command['execute']}: {answer['error'].get('desc')}")
