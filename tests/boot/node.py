"""A node as people set one up: `nncp` on the path, the boot unit of deploy/ enabled, NICs, a bond below a bridge."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from lab import machine
from lab.machine import UNITS, Machine
from lab.setup.base import TREE
from netkernel.documents import Document
from nncp_agent import store, wire
from nncp_agent.store import Store
from tests.faults.scenes import BOND_BRIDGE_VLAN

RESTORE: Final = "nncp-restore.service"
POLICY: Final = BOND_BRIDGE_VLAN.policy
"""bond1 over eth2 and eth3, bond1.93 on it, br1 with an address and a route over that."""

_NNCP: Final = f"""\
#!/bin/sh
PYTHONPATH={TREE} exec {sys.executable} -P -m nncp_agent.cli "$@"
"""
# duplicate address detection waits for retrans_time
_NICS: Final = """\
[Unit]
DefaultDependencies=no
Before=network-pre.target
Wants=network-pre.target
[Service]
Type=oneshot
ExecStart=/bin/sh -euc 'for n in %s; do \\
  ip link add eth$n type veth peer name far$n; \\
  echo 20 >/proc/sys/net/ipv6/neigh/eth$n/retrans_time_ms; \\
  ip link set far$n up; ip link set eth$n address 02:00:00:00:00:0$n up; \\
done'
"""
# what must find the network there: it keeps what it saw
KUBELET: Final = """\
[Service]
ExecStart=/bin/sh -c 'ip -br addr show >/run/kubelet-saw; exec sleep inf'
[Install]
WantedBy=multi-user.target
"""


FALLBACKS: Final = frozenset(
    {"tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0"}
)
"""Links of tunnel drivers, which are part of a test kernel's image and make them when it starts."""


def node(
    directory: Path,
    *,
    nics: Iterable[int] = (1, 2, 3),
    committed: dict[str, Any] = POLICY,
    wait_s: int = 30,
    keeps: Iterable[str] = (),
    packages: Iterable[str] = (),
) -> Machine:
    """A machine that has `nics` when it boots, and a policy committed, none when it is empty."""
    made = machine.at(directory, packages=packages, keeps=[store.DIRECTORY, *keeps])
    made.lay({"/usr/local/bin/nncp": _NNCP}, 0o755)
    made.lay(
        {
            f"{UNITS}/nics.service": _NICS % " ".join(map(str, nics)),
            f"{UNITS}/{RESTORE}": (TREE / "deploy" / "systemd" / RESTORE).read_text(),
            f"{UNITS}/{RESTORE}.d/wait.conf": f"[Service]\nEnvironment=NNCP_RESTORE_WAIT={wait_s}\n",
            f"{UNITS}/kubelet.service": KUBELET,
        }
    )
    enable(made, "nics.service", RESTORE, "kubelet.service")
    if committed:
        kept = state(made)
        kept.prepare()
        kept.save_committed(wire.decode([Document(committed)]).desired)
    return made


def enable(made: Machine, *units: str, by: str = "multi-user.target") -> None:
    """As `systemctl enable` does it."""
    for unit in units:
        wants = made.on_disk(f"{UNITS}/{by}.wants")
        wants.mkdir(exist_ok=True)
        (wants / unit).symlink_to(f"../{unit}")


def state(made: Machine) -> Store:
    """Its state directory, as it is on its disk."""
    return Store(made.on_disk(store.DIRECTORY))
