"""The Go plugins and ours, asked the same in every version: what they say and what they make is the same.

Alike are results and errors, links, addresses, routes, VLANs, rules and settings, on the node and in the pods, after
ADD and after DEL; but for what `differences` names. After a failed ADD both are told to DEL, as runtimes do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cni.types.versions import NEWEST, SUPPORTED
from lab.setup import peers
from tests.cni.differences import unlike
from tests.cni.runtime import GO, Runtime, run
from tests.cni.scenarios import SCENARIOS, Scenario
from tests.cni.side_by_side import Side
from tests.cni.ways import in_process

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "dummy", "ipv6", "nft_bridge", "nft_nat")


@dataclass(frozen=True)
class Peer:
    """Plugins of one release. The older one is asked in some versions only: it takes as long as the newer one."""

    release: str
    folder: Path
    newest: str
    versions: tuple[str, ...]

    def __str__(self) -> str:
        return self.release

    def knows(self, scenario: Scenario) -> bool:
        return [*map(int, scenario.since.split("."))] <= [*map(int, self.release.split("."))]


NEWER: Final = peers.newer_plugins()
PEERS: Final = (
    Peer("1.1.1", GO, "1.0.0", ("0.2.0", "1.0.0") if NEWER else SUPPORTED[:-1]),
    *([Peer(peers.NEWER, NEWER, NEWEST, SUPPORTED)] if NEWER else []),
)


@pytest.mark.parametrize(
    ("peer", "scenario"),
    [(peer, scenario) for peer in PEERS for scenario in SCENARIOS if peer.knows(scenario)],
    ids=str,
)
def test_they_say_and_make_the_same(
    another_netns: Callable[[], str], tmp_path: Path, peer: Peer, scenario: Scenario
) -> None:
    def ask_theirs(runtime: Runtime, command: str, config: Mapping[str, Any]) -> Any:
        return run([str(peer.folder / scenario.plugin)], runtime.environment(command), config)

    def ask_ours(runtime: Runtime, command: str, config: Mapping[str, Any]) -> Any:
        with in_process(tmp_path) as asked:
            return runtime.ask(asked, scenario.plugin, command, config)

    seen = []
    for name, ask in (("theirs", ask_theirs), ("ours", ask_ours)):
        pods = {version: another_netns() for version in peer.versions}
        side = Side(ask, str(peer.folder), tmp_path / name, another_netns(), pods)
        seen.append(side.play(scenario))
    assert unlike(scenario, peer.release, *seen) == ""


def test_there_are_forty_configurations_and_more() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= 40
