"""What kernels tell of what was written to them."""

from __future__ import annotations

import pytest

from netkernel.link_kinds import KINDS


@pytest.mark.parametrize(
    ("key", "written", "found", "kept"),
    [
        ("mcast_query_interval", 12507, 12507, True),
        ("mcast_query_interval", 12507, 12506, True),  # HZ=250
        ("mcast_query_interval", 12506, 12505, False),
        ("mcast_query_interval", 12507, 12508, False),
        ("mcast_query_interval", 12507, None, False),
        ("mcast_hash_max", 513, 512, False),
    ],
)
def test_odd_centiseconds_may_come_back_one_lower_and_nothing_else_may(
    key: str, written: int, found: int | None, kept: bool
) -> None:
    assert KINDS["bridge"].attrs[key].is_kept(written, found) is kept
