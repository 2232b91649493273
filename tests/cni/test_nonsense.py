"""Anything at all on stdin and in the environment: one JSON error, and nothing on the node or in the pod is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cni.schema import SHAPES, known
from cni.skel import answer
from tests.cni import plugins
from tests.cni.compared import facts

pytestmark = pytest.mark.needs_kernel("bridge", "veth", "ipv6")

VARIABLES: Final = ("CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CNI_PATH")
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def configs(plugin: str) -> st.SearchStrategy[dict[str, Any]]:
    """Known keys with anything in them; no name of a bridge that could be made, for that is no nonsense."""
    keys = sorted(known(f"cnv-{plugin}").keys() - {"bridge", "dataDir"})
    odd = st.dictionaries(st.sampled_from(keys), JSON, max_size=4)
    return odd.map(lambda found: {"cniVersion": "1.1.0", "name": "net", "bridge": "not/a/name", **found})


def stdins(plugin: str) -> st.SearchStrategy[bytes]:
    whole = configs(plugin).map(lambda config: json.dumps(config).encode())
    cut = st.tuples(whole, st.integers(0, 200)).map(lambda each: each[0][: each[1]])
    return whole | cut | st.binary(max_size=40)


WORDS: Final = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize("plugin", [name.removeprefix("cnv-") for name in SHAPES])
def test_nonsense_is_answered_with_one_error_and_changes_nothing(
    netns: str, another_netns: Callable[[], str], tmp_path: Path, plugin: str
) -> None:
    ours = {"bridge": plugins.bridge, "tuning": plugins.tuning}[plugin](tmp_path)
    pod = another_netns()
    good = {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": pod,
        "CNI_IFNAME": "net1",
        "CNI_PATH": "/is/not/there",
    }
    before = facts(netns), facts(pod)

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        stdin=stdins(plugin),
        odd=st.dictionaries(st.sampled_from(VARIABLES[1:]), WORDS, max_size=2),
        command=st.sampled_from(("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", "add", "?")),
    )
    def ask(stdin: bytes, odd: dict[str, str], command: str) -> None:
        said = answer(ours, {**good, "CNI_COMMAND": command, **odd}, lambda: stdin, "test")
        assert b"Traceback" not in said.stderr, said.stderr.decode()
        if said.status:
            assert {"code", "msg"} <= json.loads(said.stdout).keys()
        elif said.stdout:
            json.loads(said.stdout)

    ask()
    assert (facts(netns), facts(pod)) == before
