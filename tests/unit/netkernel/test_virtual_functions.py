"""Virtual functions on the wire, and in plans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel.codec import virtual_functions as codec
from netkernel.errors import MalformedMessage, NetworkError
from netkernel.ethtool import PARTS, function, in_order
from netkernel.host import Host
from netkernel.ops import SetHardware
from netkernel.reconcile import reconcile
from netkernel.records import Hardware, Link
from netkernel.rewind import remember
from netkernel.sysfs import read, write
from netkernel.undo import undo
from tests.fake_kernel import FakeKernel

SETTINGS = st.fixed_dictionaries(
    {
        "mac-address": st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":")),
        "vlan-id": st.integers(0, 4094),
        "qos": st.integers(0, 7),
        "vlan-proto": st.sampled_from(("802.1q", "802.1ad")),
        "min-tx-rate": st.integers(0, 2**32 - 1),
        "max-tx-rate": st.integers(0, 2**32 - 1),
        "trust": st.booleans(),
        "spoof-check": st.booleans(),
    }
)
BARE = {"mac-address": "00:00:00:00:00:00", "vlan-id": 0, "qos": 0, "vlan-proto": "802.1q", "trust": False}
NIC = Link("eth1", attrs={"up": True, "mtu": 1500}, index=2, parent="pci/0000:00:03.0")


@given(st.integers(0, 255), SETTINGS)
def test_what_is_written_of_a_function_is_read_back(id: int, settings: dict[str, int | bool | str]) -> None:
    payload = codec.change(id, settings, 7).payload
    assert codec.read((payload, 0, len(payload))) == {id: settings}


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    data = codec.change(0, {"trust": True}, 7).payload[:16] + raw
    try:
        codec.read((data, 0, len(data)))
    except MalformedMessage:
        return


def test_functions_stand_after_their_number_in_order() -> None:
    assert in_order([function(10), "sr-iov", function(2), "ring"]) == ["ring", "sr-iov", "vf 2", "vf 10"]


def test_functions_that_were_others_get_back_all_they_had() -> None:
    had = {"total-vfs": 1}
    host = Host(
        links={"eth1": NIC},
        hardware={"eth1": Hardware({"sr-iov": had, "vf 0": {**BARE, "vlan-id": 5, "trust": True}})},
        also=frozenset(PARTS),
    )
    kernel = FakeKernel(host)
    ops = [SetHardware("eth1", "sr-iov", {"total-vfs": 2}, had), SetHardware("eth1", "vf 1", {"qos": 1}, {})]
    kernel.execute(ops)
    assert undo(kernel, remember(host, ops)) == ()
    assert kernel.snapshot() == host


def test_of_a_vlan_all_is_said_and_only_what_changes_is_printed() -> None:
    host = Host(links={"eth1": NIC}, hardware={"eth1": Hardware({"sr-iov": {"total-vfs": 1}, "vf 0": BARE})})
    wanted = Hardware({"sr-iov": {"total-vfs": 1}, "vf 0": {**BARE, "qos": 3}})
    (op,) = reconcile(host, Host(links={"eth1": NIC}, hardware={"eth1": wanted}))
    assert isinstance(op, SetHardware)
    assert (op.new, str(op)) == ({"qos": 3, "vlan-id": 0, "vlan-proto": "802.1q"}, "set eth1 vf 0 qos 0 -> 3")


@pytest.mark.parametrize("device", ["pci", "pci/../x", "../x", "pci/..", "/"])
def test_no_path_leads_out_of_the_bus(device: str) -> None:
    with pytest.raises(NetworkError, match="not a device on a bus"):
        write(device, "sriov_numvfs", "0")
    with pytest.raises(NetworkError, match="not a device on a bus"):
        read(device, "sriov_numvfs")
