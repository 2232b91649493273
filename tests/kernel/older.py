"""What an older kernel lacks of what the model knows. It takes it without a word, and `probe` refuses it beforehand."""

from __future__ import annotations

from typing import Final

SINCE_LINUX_6_17: Final = frozenset({"broadcast_neighbor"})
"""Bond options that are not in an older kernel's dumps."""
