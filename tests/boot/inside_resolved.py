"""Run on a booted machine with systemd-resolved: its own tool says what we told it, and that all of it goes back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nncp_agent import api
from nncp_agent.errors import InvalidPolicy

RESOLV_CONF = Path("/etc/resolv.conf")
ROUTES = [{"destination": "0.0.0.0/0", "next-hop-address": "192.0.2.1", "next-hop-interface": "eth1"}]
NIC = {"name": "eth1", "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.10", "prefix-length": 24}]}}
SERVERS = {"server": ["192.0.2.53", "2001:db8::53"], "search": ["a.example"]}


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def told(link: str) -> tuple[str, str]:
    """Servers and domains of a link, by its own tool."""
    servers, domains = (run("resolvectl", what, link).partition(": ")[2] for what in ("dns", "domain"))
    return servers, domains


@pytest.fixture(scope="module", autouse=True)
def resolved() -> Iterator[None]:
    run("systemctl", "start", "systemd-resolved")
    RESOLV_CONF.unlink(missing_ok=True)
    RESOLV_CONF.symlink_to("../run/systemd/resolve/stub-resolv.conf")
    yield


def ask(state_dir: Path, config: dict[str, Any], **options: Any) -> None:
    asked = {"interfaces": [NIC], "routes": {"config": ROUTES}, "dns-resolver": {"config": config}}
    api.apply(asked, checks=None, state_dir=state_dir, **options)


def test_servers_come_are_shown_and_go_back(tmp_path: Path) -> None:
    ask(tmp_path, SERVERS)
    assert told("eth1") == ("192.0.2.53 2001:db8::53", "a.example")
    assert api.show(state_dir=tmp_path)["dns-resolver"] == {"running": SERVERS, "config": SERVERS}
    assert api.plan(api.show(state_dir=tmp_path), state_dir=tmp_path) == []
    ask(tmp_path, {"server": ["192.0.2.54"]}, commit=False)
    assert told("eth1") == ("192.0.2.54", "a.example")
    assert api.rollback(state_dir=tmp_path) == ()
    assert told("eth1") == ("192.0.2.53 2001:db8::53", "a.example")
    ask(tmp_path, {})
    assert told("eth1") == ("", "")
    assert RESOLV_CONF.is_symlink()


def test_a_link_that_was_just_made_gets_them_and_they_go_with_it(tmp_path: Path) -> None:
    link = {"name": "d0", "type": "dummy", "ipv6": {"enabled": True}}
    asked = {"interfaces": [link], "dns-resolver": {"config": {"server": ["fe80::1%d0"]}}}
    api.apply(asked, checks=None, state_dir=tmp_path)
    assert told("d0")[0] == "fe80::1"
    api.apply({"interfaces": [{"name": "d0", "state": "absent"}]}, checks=None, state_dir=tmp_path, commit=False)
    assert api.rollback(state_dir=tmp_path) == ()
    assert told("d0")[0] == "fe80::1"


def test_options_are_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="has no options"):
        ask(tmp_path, {"options": ["rotate"]})
