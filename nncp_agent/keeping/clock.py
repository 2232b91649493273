"""The time that goes on while the machine sleeps, and which boot of the machine this is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"


def this_boot() -> str:
    return Path(BOOT_ID).read_text("ascii").strip()


def now_s() -> float:
    """CLOCK_BOOTTIME: what others have promised us for a time goes by while we sleep, too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
