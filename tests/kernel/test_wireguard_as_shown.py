"""WireGuard links, as wg(8) and its likes make them: shown with all but their secrets, and given addresses."""

from __future__ import annotations

import copy
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from netkernel import genetlink, tlv
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State

pytestmark = pytest.mark.needs_kernel("wireguard", "ipv6")
SET_DEVICE = 1  # WG_CMD_SET_DEVICE of linux/wireguard.h
HIDDEN = "<_password_hid_by_nmstate>"
PRIVATE, PEER, OTHER, SECRET = (bytes([number] * 31 + [64]) for number in (8, 16, 24, 32))


def allowed(family: int, address: bytes, prefix: int) -> bytes:
    return tlv.nest(0, tlv.u16(1, family), tlv.attribute(2, address), tlv.u8(3, prefix))


@pytest.fixture
def host(netns: str, tmp_path: Path) -> Asked:
    """With a wg0 that has a key, a port, a mark and two peers."""
    subprocess.run(["ip", "link", "add", "wg0", "type", "wireguard"], check=True)
    networks = [allowed(2, bytes([10, 8, 0, 0]), 24), allowed(10, bytes([0x20, 1, 0xD, 0xB8] + [0] * 12), 32)]
    first = tlv.nest(
        0,
        tlv.attribute(1, PEER),
        tlv.attribute(2, SECRET),
        tlv.attribute(4, bytes([2, 0, 0xC8, 0xD5, 192, 0, 2, 7]) + bytes(8)),
        tlv.u16(5, 25),
        tlv.nest(9, *networks),
    )
    device = [
        tlv.text(2, "wg0"), tlv.attribute(3, PRIVATE), tlv.u16(6, 51820), tlv.u32(7, 0x2A),
        tlv.nest(8, first, tlv.nest(0, tlv.attribute(1, OTHER))),
    ]  # fmt: skip
    with genetlink.socket() as through:
        message = genetlink.request(genetlink.family(through, "wireguard"), SET_DEVICE, b"".join(device))
        assert through.write([message]) == {}
    return Asked(tmp_path / "state")


def section(host: Asked) -> State:
    shown: State = host.show("wg0")["wireguard"]
    return shown


def test_all_but_its_secrets_is_shown(host: Asked) -> None:
    shown = section(host)
    assert len(shown.pop("public-key")) == 44
    assert shown == {
        "private-key": HIDDEN,
        "listen-port": 51820,
        "fwmark": 42,
        "peers": [
            {
                "public-key": b64encode(PEER).decode(),
                "preshared-key": HIDDEN,
                "endpoint": "192.0.2.7:51413",
                "allowed-ips": ["10.8.0.0/24", "2001:db8::/32"],
                "persistent-keepalive": 25,
            },
            {"public-key": b64encode(OTHER).decode(), "allowed-ips": [], "persistent-keepalive": 0},
        ],
    }
    assert (host.show("wg0")["type"], host.show("wg0")["state"]) == ("wireguard", "down")


def test_it_takes_addresses_and_keeps_its_peers(host: Asked) -> None:
    before = section(host)
    stack = {"enabled": True, "address": [{"ip": "10.8.0.1", "prefix-length": 24}]}
    host.becomes({"name": "wg0", "type": "wireguard", "state": "up", "mtu": 1380, "ipv4": stack})
    assert section(host) == before
    assert host.plan(host.show("wg0")) == []
    host.apply({"name": "wg0", "state": "absent"})
    assert section(host) == before
    assert host.show("wg0")["ipv4"] == {"enabled": False}


def test_what_is_not_as_it_is_cannot_be_asked_for(host: Asked) -> None:
    changed = copy.deepcopy(host.show("wg0"))
    changed["wireguard"]["peers"][0]["endpoint"] = "192.0.2.8:51413"  # it moves by itself
    assert host.plan({**changed, "state": "down"}) == []
    changed["wireguard"]["listen-port"] = 1
    changed["wireguard"]["peers"][0]["allowed-ips"] = []
    with pytest.raises(InvalidPolicy) as refused:
        host.plan(changed)
    assert [problem.path for problem in refused.value.problems] == [
        "wg0: wireguard.listen-port",
        "wg0: wireguard.peers",
    ]


def test_a_new_one_is_made_by_others(host: Asked) -> None:
    with pytest.raises(InvalidPolicy, match="no wireguard wg1 on this host"):
        host.plan({"name": "wg1", "type": "wireguard", "state": "up"})
