"""The catalogue of kinds: what stands where, and that nobody pays for kinds that are not there."""

from __future__ import annotations

import subprocess
import sys

from nncp_agent import shown
from nncp_agent.kinds import KINDS, TYPES


def test_every_kind_stands_where_the_catalogue_says() -> None:
    assert {word: kind.name for word, kind in KINDS.items()} == {word: word for word in KINDS}
    assert {kind.subtree: word for word, kind in KINDS.items() if kind.subtree} == TYPES
    assert shown.SUBTREES.keys() == {*TYPES.values()}


def test_reading_a_policy_loads_only_the_kinds_that_are_in_it() -> None:
    script = (
        "import sys; from netkernel.documents import Document; from nncp_agent import wire;"
        "vlan = {'name': 'v1', 'type': 'vlan', 'vlan': {'id': 1, 'base-iface': 'eth1'}};"
        "wire.decode([Document({'interfaces': [vlan]})]);"
        "print(*[n for n in ('bond', 'hsr', 'vlan', 'vxlan') if f'nncp_agent.kinds.{n}' in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"vlan\n"
