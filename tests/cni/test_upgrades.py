"""From the Go plugins to ours and back while pods run: each takes over the source checks of the other, leaves none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from lab.setup import peers
from tests.cni.node import Config, Node, Pod
from tests.cni.runtime import GO, run
from tests.kernel.frames import Tap, frame

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")

Ask = Callable[[Pod, str, Config], Any]
NEWER: Final = peers.newer_plugins()
RELEASES: Final = {"1.1.1": GO, **({peers.NEWER: NEWER} if NEWER else {})}


def ours(pod: Pod, command: str, config: Config) -> Any:
    return pod.ask(command, config)


def of(folder: Path) -> Ask:
    return lambda pod, command, config: run([str(folder / "bridge")], pod.runtime.environment(command), config)


@pytest.fixture(params=[(release, way) for release in RELEASES for way in ("up", "down")], ids="-".join)
def change(request: pytest.FixtureRequest) -> tuple[Ask, Ask]:
    """The plugin before and the one after."""
    release, way = request.param
    theirs = of(RELEASES[release])
    return (theirs, ours) if way == "up" else (ours, theirs)


def passed(pod: Pod, far: Tap, mark: str) -> set[bytes]:
    """The marks that arrive of a frame with another source and, after it, one with its own."""
    with pod.tap() as inside:
        inside.send(frame(f"spoofed {mark}".encode(), source="52:54:00:aa:00:09"))
        inside.send(frame(f"honest {mark}".encode(), source=pod.link["address"]))
        seen = far.marks_until(f"honest {mark}".encode())
    return {each for each in seen if each.endswith(mark.encode())}


def chains(node: Node) -> list[str]:
    return [line for line in node.sh("nft list ruleset").splitlines() if "cni-br-iface" in line or "macspoof" in line]


def test_checks_of_the_plugin_before_hold_and_go_with_their_pods(lone_node: Node, change: tuple[Ask, Ask]) -> None:
    node, (before, after) = lone_node, change
    node.filtering_bridge()
    config = node.config("0.4.0", macspoofchk=True)
    old, new = node.pod("old"), node.pod("new")
    before(old, "ADD", config)
    after(new, "ADD", config)
    with Tap("far") as far:
        assert passed(old, far, "old") == {b"honest old"}
        assert passed(new, far, "new") == {b"honest new"}
        after(old, "DEL", config)
        assert passed(new, far, "again") == {b"honest again"}
    assert all("new" in line for line in chains(node))
    after(new, "DEL", config)
    assert chains(node) == []
    assert node.ports() == []


def test_a_pod_attached_anew_has_one_check(lone_node: Node, change: tuple[Ask, Ask]) -> None:
    """Its interface went away with the node's reboot or its sandbox, and its rules did not."""
    node, (before, after) = lone_node, change
    node.filtering_bridge()
    config = node.config("0.4.0", macspoofchk=True)
    pod = node.pod("c1")
    before(pod, "ADD", config)
    pod.sh("ip link del net1")
    after(pod, "DEL", config)
    after(pod, "ADD", config)
    with Tap("far") as far:
        assert passed(pod, far, "anew") == {b"honest anew"}
    assert len([line for line in chains(node) if "iifname" in line]) == 1
    assert len([line for line in chains(node) if "ether saddr" in line]) == 1
    after(pod, "DEL", config)
    assert chains(node) == []


def test_what_the_go_plugin_left_behind_goes_with_gc(lone_node: Node) -> None:
    """It leaves the checks of a pod whose namespace is gone."""
    node = lone_node
    node.filtering_bridge()
    config = node.config("1.0.0", macspoofchk=True)
    pod = node.pod("c1")
    of(GO)(pod, "ADD", config)
    node.sh(f"ip link del {pod.port}")
    pod.runtime.netns = "/run/netns/is-gone"
    of(GO)(pod, "DEL", config)
    assert chains(node) != []
    pod.ask("GC", {**config, "cniVersion": "1.1.0", "cni.dev/valid-attachments": []})
    assert chains(node) == []
