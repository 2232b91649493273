"""Kernel modules that make a device nobody asked for when the kernel loads them by itself.

The first bond of a machine makes the kernel load `bonding`, which at once creates a `bond0` of its own (and `dummy` a
`dummy0`, `ifb` two): a policy that asks for a bond0 would then be told that it exists. We load them first, without.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

WITHOUT_DEVICES: Final = {
    "bond": ("bonding", "max_bonds=0"),
    "dummy": ("dummy", "numdummies=0"),
    "ifb": ("ifb", "numifbs=0"),
}
"""Link kind to module and parameter (drivers/net/bonding/bond_main.c, dummy.c, ifb.c)."""
MODPROBE: Final = "/sbin/modprobe"
DEADLINE_S: Final = 30


def load_for(kinds: Iterable[str]) -> None:
    """Load the modules of these link kinds where they are missing; where that fails the kernel will say so itself."""
    for kind in kinds:
        if kind not in WITHOUT_DEVICES:
            continue
        module, parameter = WITHOUT_DEVICES[kind]
        if not os.path.exists(f"/sys/module/{module}") and os.path.exists(MODPROBE):
            import subprocess  # late: once in a machine's life, and `show` pays for every import

            subprocess.run(
                [MODPROBE, "-q", module, parameter], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S
            )
