"""`./dev check`'s own eyes: house rules in the syntax tree, cold starts, and the user's network before and after."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab import house_rules
from lab.cold import is_below
from lab.host_network import Snapshot, take


def lines(tmp_path: Path, code: str, folder: str = "tests") -> list[str]:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "it.py").write_text(code)
    return house_rules.broken(tmp_path).splitlines()


@pytest.mark.parametrize(
    "code",
    [
        "import time\ntime.sleep(1)",
        "from time import sleep",
        "from unittest import mock",
        "import unittest.mock",
        "def test_it(monkeypatch): ...",
        "import pytest\npytest.skip('no')",
        "import pytest\n@pytest.mark.skipif(True)\ndef test_it(): ...",
        "class It:\n    # ----- the second noun\n    one = 1",
    ],
)
def test_a_broken_house_rule_is_found_with_its_place(code: str, tmp_path: Path) -> None:
    found = lines(tmp_path, code)
    assert found and all(line.startswith("tests/it.py:") for line in found)


def test_words_in_text_break_no_rule(tmp_path: Path) -> None:
    assert lines(tmp_path, '"""No monkeypatch, no time.sleep."""\ntext = "pytest.skip"\n') == []


def test_the_agent_may_not_open_netlink_sockets_itself(tmp_path: Path) -> None:
    assert len(lines(tmp_path, "import socket\nsocket.socket(socket.AF_NETLINK)\n", "nncp_agent")) == 1


def test_a_package_is_not_below_another_whose_name_begins_alike() -> None:
    assert is_below("rich.table", "rich") and is_below("rich", "rich")
    assert not is_below("richer", "rich")


@pytest.mark.needs_kernel("veth")
def test_a_change_of_the_host_s_network_is_seen_and_none_is_not(netns: str) -> None:
    subprocess.run(["ip", "link", "add", "one", "type", "veth", "peer", "name", "two"], check=True)
    before = take()
    assert before.differences(take()) == []
    subprocess.run(["ip", "address", "add", "192.0.2.1/24", "dev", "one"], check=True)
    found = before.differences(take())
    assert {line.split(":")[0] for line in found} == {"addresses", "IPv4 routes"}


def test_what_vanished_and_what_is_new_are_both_differences() -> None:
    before, after = Snapshot({"links": ("a", "b")}), Snapshot({"links": ("b", "c")})
    assert before.differences(after) == ["links: -a", "links: +c"]
