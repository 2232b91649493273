"""A bridge whose name no resource can have is spoken of, once."""

from __future__ import annotations

import logging

import pytest

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.node_state.bridges import Unnameable


def a_host(*names: str) -> Host:
    return Host(links={name: Link(name, "bridge", {"up": True}) for name in names})


def test_a_bridge_that_no_pod_can_ask_for_is_said_once_while_it_is_there(caplog: pytest.LogCaptureFixture) -> None:
    listener = Unnameable()
    with caplog.at_level(logging.WARNING):
        listener.seen(a_host("br1", "br\udcff$"))
        listener.seen(a_host("br1", "br\udcff$"))
        assert [message.split(":")[0] for message in caplog.messages] == ["bridge 'br\\udcff$'"]
        listener.seen(a_host("br1"))
        listener.seen(a_host("br1", "br\udcff$"))
    assert len(caplog.messages) == 2
