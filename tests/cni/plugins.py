"""Our plugins as tests have them, with all their files in one folder; as a command, one of them that works alone."""

from __future__ import annotations

import sys
from pathlib import Path

from cni.bridge import leaving
from cni.bridge.leaving import Leave
from cni.bridge.plugin import BridgePlugin, promised_bridges
from cni.process import command
from cni.tuning.plugin import TuningPlugin


def bridge(folder: Path, leave: Leave = leaving.alone) -> BridgePlugin:
    """`folder/promised` has the bridges that policies make."""
    return BridgePlugin(lambda: promised_bridges(str(folder / "promised")), str(folder / "run" / "lock"), leave)


def tuning(folder: Path) -> TuningPlugin:
    return TuningPlugin(str(folder / "allowlist.conf"))


def alone(plugin: str, folder: Path) -> tuple[str, ...]:
    """The command; a runtime starts plugins in a folder of its own, so it says where they are."""
    tree = str(Path(__file__).parents[2])
    program = f"import sys; sys.path.insert(0, {tree!r}); from tests.cni.plugins import main; main()"
    return sys.executable, "-c", program, plugin, str(folder)


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    command(bridge(folder) if name == "bridge" else tuning(folder))
