"""Tuns and taps asked for in nmstate's form, on a real kernel: made, given away, opened by a process, taken back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import pack
from typing import Any

import pytest

from netkernel import tun_device
from netkernel.errors import KernelRefused
from netkernel.kernel import LinuxKernel
from netkernel.ops import CreateLink, DeleteLink, SetLink
from netkernel.records import Value
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "vlan", "dummy", "ipv6", "tap")
STATIC: State = {
    "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.251", "prefix-length": 24}]},
    "ipv6": {"enabled": True, "address": [{"ip": "2001:db8:1::1", "prefix-length": 64}]},
}
TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE, IFF_VNET_HDR = 0x2, 0x1000, 0x100, 0x4000


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply({"name": "eth1", "state": "up"})
    return host


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    with LinuxKernel() as kernel:
        yield kernel


def tap(name: str = "tap0", **config: Any) -> State:
    section = {"mode": "tap", **{key.replace("_", "-"): value for key, value in config.items()}}
    return {"name": name, "type": "tun", "state": "up", "tun": section}


@contextmanager
def opened(name: str, flags: int = 0) -> Iterator[None]:
    """A process (this one) that has a tap open, as a VM's would."""
    fd = os.open(tun_device.DEVICE, os.O_RDWR)
    try:
        fcntl.ioctl(fd, TUNSETIFF, pack("=16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | flags))
        yield
    finally:
        os.close(fd)


@pytest.mark.parametrize("mode", ["tun", "tap"])
@pytest.mark.parametrize("multi_queue", [True, False])
def test_a_device_is_made_as_asked_and_gone_when_absent(host: Asked, mode: str, multi_queue: bool) -> None:
    host.becomes(tap(mode=mode, multi_queue=multi_queue, owner=107, group=4_000_000_000) | STATIC)
    assert host.show("tap0")["tun"] | {"pi": False, "vnet-hdr": False, "persist": True} == host.show("tap0")["tun"]
    host.remove("tap0")


def test_an_owner_is_given_and_changed_in_place(host: Asked) -> None:
    host.becomes(tap())
    assert "owner" not in host.show("tap0")["tun"]
    assert host.plan(tap(owner=107)) == ["set tap0 owner none -> 107"]
    host.becomes(tap(owner=107))
    host.becomes(tap(owner=108, group=36) | {"mtu": 1400})
    host.becomes(tap() | {"mac-address": "02:00:00:00:00:42"})
    assert host.show("tap0")["tun"]["owner"] == 108


def test_another_mode_makes_the_device_again_with_its_addresses(host: Asked) -> None:
    host.becomes(tap(owner=107) | STATIC)
    host.becomes(tap(mode="tun"))
    host.holds({"name": "tap0", **STATIC})
    assert host.show("tap0")["tun"]["owner"] == 107
    host.becomes(tap(mode="tap", multi_queue=True))
    host.holds({"name": "tap0", **STATIC})


def test_taps_stand_in_stacks_in_any_order(host: Asked) -> None:
    host.becomes(
        {"name": "br9", "type": "linux-bridge", "bridge": {"port": [{"name": "tap0.7"}, {"name": "tap1"}]}},
        {"name": "tap0.7", "type": "vlan", "vlan": {"base-iface": "tap0", "id": 7}},
        tap("tap1", owner=1),
        tap("tap0"),
    )
    host.remove("tap0", "br9")
    assert host.show("tap0.7") == {}
    assert host.show("tap1")["state"] == "up"


def test_what_a_vm_has_open_keeps_its_settings_whatever_it_says_of_its_packets(host: Asked) -> None:
    host.becomes(tap(owner=107))
    with opened("tap0", IFF_VNET_HDR):
        assert host.show("tap0")["tun"]["vnet-hdr"] is True
        host.becomes(tap(owner=107) | {"mtu": 1400})
        with pytest.raises(InvalidPolicy, match=r"tun\.owner: found 108, but tap0 is held open"):
            host.plan(tap(owner=108))
    host.becomes(tap(owner=108))


def test_a_processs_own_tap_is_left_to_it(host: Asked) -> None:
    with opened("vm0"):
        assert (host.show("vm0")["state"], host.show("vm0")["tun"]["persist"]) == ("ignore", False)
        assert host.plan(host.show("vm0")) == []
        with pytest.raises(InvalidPolicy, match="deletes no tun"):
            host.plan({"name": "vm0", "state": "absent"})
        with pytest.raises(InvalidPolicy, match="a process's own"):
            host.plan(tap("vm0", owner=5))
    assert host.show("vm0") == {}


def test_what_is_taken_back_is_exactly_as_it_was(host: Asked) -> None:
    host.apply(tap(owner=107, multi_queue=True) | STATIC | {"mac-address": "02:00:00:00:00:42"}, tap("tap1"))
    with LinuxKernel() as kernel:
        before = kernel.snapshot()
        changed = [tap(mode="tun", owner=108), tap("tap1", owner=5), tap("tap2")]
        host.apply(*changed, commit=False)
        host.rollback()
        after = kernel.snapshot()
    assert after == before
    assert {name: link.index for name, link in after.links.items()} == {
        name: link.index for name, link in before.links.items()
    }


def test_headers_are_said_again_when_a_device_is_made_again(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("tap0", "tun", {"mode": "tap", "pi": 1, "vnet_hdr": 1})])
    assert kernel.snapshot().links["tap0"].facts == {"pi": 1, "vnet_hdr": 1, "persist": 1}


def test_everything_netlink_says_of_a_new_device_is_said_at_once(kernel: LinuxKernel) -> None:
    attrs: dict[str, Value] = {
        "mode": "tap", "owner": 5, "owning_group": 6, "multi_queue": 1, "address": "02:00:00:00:00:42", "mtu": 1400,
        "txqlen": 77, "alias": "nncp:vmnet:vm1", "group": 9, "up": True, "master": "br0", "promisc": True,
        "allmulti": True,
    }  # fmt: skip
    kernel.execute([CreateLink("br0", "bridge"), CreateLink("tap0", "tun", attrs, index=4711)])
    link = kernel.snapshot().links["tap0"]
    assert {key: link.attrs[key] for key in attrs} == attrs
    assert link.index == 4711


def test_a_device_that_the_rest_is_refused_of_is_not_left_behind(kernel: LinuxKernel) -> None:
    with pytest.raises(KernelRefused) as refused:
        kernel.execute([CreateLink("tap0", "tun", {"mode": "tap", "mtu": 65522, "up": True})])
    assert refused.value.failed == {0}
    assert "tap0" not in kernel.snapshot().links


def test_a_name_that_is_taken_is_refused_and_the_other_stays(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("tap0", "dummy")])
    with pytest.raises(KernelRefused) as refused:
        kernel.execute(
            [CreateLink("x0", "dummy"), CreateLink("tap0", "tun", {"mode": "tap"}), DeleteLink("x0", "dummy")]
        )
    assert (refused.value.failed, refused.value.possibly_done) == ({1}, 2)
    assert {name: link.kind for name, link in kernel.snapshot().links.items() if name != "lo"} == {
        "tap0": "dummy",
        "x0": "dummy",
    }


def test_a_device_that_is_held_open_is_given_to_nobody(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("tap0", "tun", {"mode": "tap"})])
    with opened("tap0"), pytest.raises(KernelRefused, match="busy"):
        kernel.execute([SetLink("tap0", "tun", {"owner": 5}, {"owner": ""})])
    with pytest.raises(KernelRefused, match="no link 'tap9'"):
        kernel.execute([SetLink("tap9", "tun", {"owner": 5}, {"owner": ""})])
