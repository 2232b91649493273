"""Calls that are none: the Go plugins and ours refuse the same ones, in the same order and in the same words."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any, Final

import pytest

from cni.skel import Plugin, answer
from cni.types.errors import INTERNAL
from tests.cni import plugins
from tests.cni.test_side_by_side import PEERS, Peer

GOOD: Final = {
    "CNI_COMMAND": "ADD",
    "CNI_CONTAINERID": "c1",
    "CNI_NETNS": "/run/netns/is-gone",
    "CNI_IFNAME": "net1",
    "CNI_PATH": "/usr/lib/cni",
}
CONFIG: Final = '{"cniVersion": "1.0.0", "name": "net", "type": "x", "bridge": "br77"}'
NEWEST: Final = '{"cniVersion": "1.1.0", "name": "net"}'
Call = tuple[Mapping[str, str], str]
CALLS: Final[Mapping[str, Call]] = {
    "no such command": ({"CNI_COMMAND": "FOO"}, CONFIG),
    "two variables missing": ({"CNI_CONTAINERID": "", "CNI_NETNS": ""}, CONFIG),
    "a slash in the interface": ({"CNI_IFNAME": "a/b"}, CONFIG),
    "a blank in the interface": ({"CNI_IFNAME": "a b"}, CONFIG),
    "an interface of sixteen letters": ({"CNI_IFNAME": "x" * 16}, CONFIG),
    "a dot as interface": ({"CNI_IFNAME": "."}, CONFIG),
    "a dash before the container": ({"CNI_CONTAINERID": "-a"}, CONFIG),
    "nothing on stdin": ({}, ""),
    "half an object": ({}, "{"),
    "a list": ({}, "[]"),
    "a comma missing": ({}, '{"name": "n" "x": 1}'),
    "a number as name": ({}, '{"name": 5}'),
    "no name": ({}, '{"cniVersion": "1.0.0"}'),
    "a blank in the name": ({}, '{"name": "a b"}'),
    "no such version": ({}, '{"name": "n", "cniVersion": "9.0.0"}'),
    "a number as version": ({}, '{"name": "n", "cniVersion": 5}'),
    "CHECK before it came": ({"CNI_COMMAND": "CHECK"}, '{"name": "n", "cniVersion": "0.3.1"}'),
    "CHECK without a result": ({"CNI_COMMAND": "CHECK"}, '{"name": "n", "cniVersion": "0.4.0"}'),
    "GC before it came": ({"CNI_COMMAND": "GC"}, CONFIG),
    "STATUS before it came": ({"CNI_COMMAND": "STATUS"}, CONFIG),
    "GC": ({"CNI_COMMAND": "GC"}, NEWEST),
    "STATUS": ({"CNI_COMMAND": "STATUS"}, NEWEST),
    "DEL of a namespace that is gone": ({"CNI_COMMAND": "DEL"}, CONFIG),
    "DEL without a namespace": ({"CNI_COMMAND": "DEL", "CNI_NETNS": ""}, CONFIG),
    "ADD to a namespace that is gone": ({}, '{"name": "n", "cniVersion": "0.4.0", "prevResult": {}, "mtu": 1400}'),
    "arguments that are no pair": ({"CNI_ARGS": "a"}, CONFIG),
    "a semicolon at the end": ({"CNI_ARGS": "MAC=02:00:00:00:00:01;"}, CONFIG),
    "no path": ({"CNI_PATH": ""}, CONFIG),
}  # fmt: skip
DIFFERENT: Final[Mapping[tuple[str, str], str]] = {
    ("bridge", "no path"): "CNI_PATH is wanted by who must find another plugin, as the specification has it",
    ("tuning", "no path"): "the same",
    ("bridge", "CHECK without a result"): "the configuration is looked at before the namespace",
    **{
        (plugin, call): "the older release knows no such command"
        for plugin in ("bridge", "tuning")
        for call in ("GC before it came", "STATUS before it came", "GC", "STATUS")
    },
}
"""What is meant to differ, and why."""
OLD: Final = "1.1.1"


def outcome(status: int, printed: bytes) -> tuple[int, str, int]:
    """Exit status, message, code."""
    said: dict[str, Any] = json.loads(printed) if printed else {}
    return status, said.get("msg", ""), said.get("code", 0)


def asked(plugin: str, peer: Peer, call: Call, ours: Plugin) -> tuple[tuple[int, str, int], tuple[int, str, int]]:
    environment = {key: value for key, value in {**GOOD, **call[0]}.items() if value}
    stdin = call[1].encode()
    done = subprocess.run([peer.folder / plugin], env=environment, input=stdin, capture_output=True, check=False)
    said = answer(ours, environment, lambda: stdin, "test")
    return outcome(done.returncode, done.stdout), outcome(said.status, said.stdout)


@pytest.mark.parametrize("peer", PEERS, ids=str)
@pytest.mark.parametrize("plugin", ["bridge", "tuning"])
def test_wrong_calls_are_refused_in_the_same_words(netns: str, tmp_path: Any, plugin: str, peer: Peer) -> None:
    """With the same code, too, but where theirs has only its 999 for everything."""
    ours = {"bridge": plugins.bridge, "tuning": plugins.tuning}[plugin](tmp_path)
    differ = {}
    for name, call in CALLS.items():
        theirs, said = asked(plugin, peer, call, ours)
        if theirs[2] == INTERNAL:
            theirs = (*theirs[:2], said[2])
        if theirs != said:
            differ[name] = (theirs, said)
    meant = {name for of, name in DIFFERENT if of == plugin}
    meant -= {name for name in meant if "older" in DIFFERENT[plugin, name] and peer.release != OLD}
    assert {name: each for name, each in differ.items() if name not in meant} == {}
    assert set(differ) == meant


@pytest.mark.parametrize("plugin", ["bridge", "tuning"])
def test_version_is_answered_as_the_newest_of_them_does(plugin: str, tmp_path: Any) -> None:
    ours = {"bridge": plugins.bridge, "tuning": plugins.tuning}[plugin](tmp_path)
    done = subprocess.run([PEERS[-1].folder / plugin], env={"CNI_COMMAND": "VERSION"}, capture_output=True, check=True)
    theirs = json.loads(done.stdout)
    said = json.loads(answer(ours, {"CNI_COMMAND": "VERSION"}, bytes, "test").stdout)
    newer = [version for version in said["supportedVersions"] if version not in theirs["supportedVersions"]]
    assert newer in ([], ["1.1.0"])
    assert said["cniVersion"] == said["supportedVersions"][-1]
