"""Whatever environment and stdin a client hands over: one JSON error, and never a change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netkernel.watch import Watch
from tests.cni import ways
from tests.cni.node import Node
from tests.faults import raw

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")

EXAMPLES: Final = 120
WORDS: Final = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)
LEAVES: Final = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS
JSON: Final = st.recursive(LEAVES, lambda of: st.lists(of, max_size=3) | st.dictionaries(WORDS, of, max_size=3))
GOOD: Final[Mapping[str, Any]] = {"cniVersion": "1.0.0", "name": "net", "type": "bridge", "bridge": "br1", "vlan": 93}
WRONG: Final[Mapping[str, Any]] = {
    "cniVersion": st.just("9.0.0") | st.integers(), "name": st.just("") | st.just("a/b") | st.lists(LEAVES),
    "bridge": st.integers() | st.just("a/b") | st.text("x", min_size=16, max_size=30), "vlan": WORDS | st.just(4095),
    "mtu": st.integers(max_value=-1) | WORDS, "ipam": st.integers() | st.just({"type": 1}), "runtimeConfig": WORDS,
    "vlanTrunk": st.just([{"id": 0}]) | st.integers(), "ipMasqBackend": st.just("pf"), "macspoofchk": st.just("yes"),
}  # fmt: skip
"""What no configuration may have in these places."""
COMMANDS: Final = ("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", "")
BROKEN: Final = {
    "CNI_COMMAND": st.just("add")
    | WORDS.filter(lambda each: each not in ("DEL", "CHECK", "GC", "STATUS", "VERSION", "")),
    "CNI_CONTAINERID": st.just("") | st.just("a/b") | st.just("-a"),
    "CNI_IFNAME": st.just("") | st.just("a/b") | st.just(".") | st.text("x", min_size=16, max_size=20),
    "CNI_NETNS": st.just("") | st.just("/nowhere") | st.just("/etc") | st.just("/dev/null"),
    "CNI_ARGS": st.just("MAC") | st.just("MAC=zz") | st.just("K=V"),
}


@st.composite
def configurations(draw: st.DrawFn) -> bytes:
    """None that is one."""
    kind = draw(st.sampled_from(("bytes", "json", "wrong", "cut")))
    if kind == "bytes":
        return draw(st.binary(max_size=300))
    if kind == "json":
        drawn = draw(JSON)
        nameless = {key: drawn[key] for key in drawn if key.lower() != "name"} if isinstance(drawn, dict) else drawn
        return json.dumps(nameless).encode()
    if kind == "cut":
        whole = json.dumps(GOOD).encode()
        return whole[: draw(st.integers(0, len(whole) - 2))]
    key = draw(st.sampled_from(sorted(WRONG)))
    value = draw(WRONG[key])
    return json.dumps({**GOOD, key: value}).encode()


@pytest.mark.parametrize("what", ["environment", "stdin"])
def test_it_is_one_error_and_never_a_change(
    netns: str, another_netns: Callable[[], str], folder: Path, what: str
) -> None:
    """ADD, of which every other call has less to do."""
    node = Node(another_netns, folder, lambda *_: pytest.fail("nobody asks this way"))
    node.filtering_bridge()
    pod = node.pod()
    (client,) = ways.in_c("bridge", folder)
    good = pod.runtime.environment("ADD")

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def tell(data: st.DataObject) -> None:
        environment, stdin = dict(good), json.dumps(GOOD).encode()
        if what == "stdin":
            stdin = data.draw(configurations())
        else:
            key = data.draw(st.sampled_from(sorted(BROKEN)))
            environment[key] = data.draw(BROKEN[key])
        said = ways.started([client], environment, stdin)
        error = json.loads(said.stdout)
        assert (said.status, error.keys() - {"details"}, said.stderr) == (1, {"cniVersion", "code", "msg"}, b"")

    before = node.dump()
    with ways.serving(folder), Watch() as watch:
        watch.changed()
        tell()
        assert watch.changed() == frozenset()
    assert raw.changes(before, node.dump()) == ""
    assert [row["ifname"] for row in json.loads(pod.sh("ip -j link"))] == ["lo"]
