"""What a restart leaves of DHCPv6 leases, and what one is on a host."""

from __future__ import annotations

from pathlib import Path

from netkernel.host import Host
from netkernel.ops import AddAddress, DeleteAddress, SetAddress
from netkernel.packets.dhcp6_options import FOREVER
from netkernel.records import Address, Client
from nncp_agent.dhcp.v6 import installed
from nncp_agent.dhcp.v6.client import can_speak
from nncp_agent.dhcp.v6.lease import Lease, Lent
from nncp_agent.dhcp.v6.leases import Leases
from nncp_agent.store import Store

CLIENT = Client("eth1", 6)
SERVER = b"\0\3\0\1\2\0\0\0\0\1"
IP, IP2 = "2001:db8::7", "2001:db8::8"
LEASE = Lease(SERVER, 100.0, 900, 1440, (Lent(IP, 1800, 3600, 100.0),), ("2001:db8::53",), ("a.example",))


def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.prepare("dhcp")
    return made


def kept(where: Store, boot: str, now_s: float, wall_s: float) -> Leases:
    return Leases(where, boot, lambda: now_s, lambda: wall_s)


def test_in_the_same_boot_a_lease_is_as_it_was(tmp_path: Path) -> None:
    where = store(tmp_path)
    kept(where, "one", 150, 10_150).keep_lease(CLIENT, LEASE)
    assert kept(where, "one", 500, 77_777).lease(CLIENT) == LEASE, "however the clock on the wall was set"


def test_in_another_boot_its_time_went_on_while_the_machine_was_off(tmp_path: Path) -> None:
    where = store(tmp_path)
    kept(where, "one", 150, 10_150).keep_lease(CLIENT, LEASE)
    found = kept(where, "two", 20, 11_020).lease(CLIENT)
    assert found is not None
    assert (found.since_s, found.addresses[0].since_s, found.ips) == (-900.0, -900.0, (IP,))
    assert found.ends_s - 20 == 3600 - (11_020 - 10_100)


def test_a_clock_that_was_set_back_makes_no_lease_of_the_future(tmp_path: Path) -> None:
    where = store(tmp_path)
    kept(where, "one", 150, 10_150).keep_lease(CLIENT, LEASE)
    found = kept(where, "two", 20, 5).lease(CLIENT)
    assert found is not None
    assert found.addresses[0].since_s == 20


def test_what_was_told_without_a_lease_is_of_no_use_in_another_boot(tmp_path: Path) -> None:
    where = store(tmp_path)
    told = Lease(SERVER, 100.0, 86400, name_servers=("2001:db8::53",))
    kept(where, "one", 150, 10_150).keep_lease(CLIENT, told)
    assert kept(where, "one", 160, 10_160).lease(CLIENT) == told
    assert kept(where, "two", 20, 11_020).lease(CLIENT) is None


def test_a_lease_that_was_given_up_is_not_on_the_disk_any_more(tmp_path: Path) -> None:
    where = store(tmp_path)
    leases = kept(where, "one", 150, 10_150)
    leases.keep_lease(CLIENT, LEASE)
    leases.forget_lease(CLIENT)
    assert leases.lease(CLIENT) is None


def test_the_time_in_a_duid_stays_what_it_was_at_first(tmp_path: Path) -> None:
    where = store(tmp_path)
    assert kept(where, "one", 0, 1_700_000_000.7).first_time_s() == 1_700_000_000
    assert kept(where, "two", 0, 1_800_000_000.0).first_time_s() == 1_700_000_000


def on(*addresses: Address) -> Host:
    return Host(addresses={"eth1": addresses})


def test_a_lease_is_an_address_without_a_network_and_with_what_is_left_of_its_time() -> None:
    (op,) = installed.put(LEASE, "eth1", (), on(), 200.5)
    assert isinstance(op, AddAddress)
    found = op.address
    assert (found.ip, found.prefix, found.preferred_s, found.valid_s) == (IP, 128, 1700, 3500)


def test_an_address_that_is_lent_for_ever_has_a_lifetime_all_the_same() -> None:
    found = installed.address(Lent(IP, FOREVER, FOREVER, 0), "eth1", 50)
    assert (found.preferred_s, found.valid_s) == (FOREVER - 1, FOREVER - 1)


def test_an_address_that_is_not_preferred_any_more_is_still_valid() -> None:
    found = installed.address(Lent(IP, 0, 100, 0), "eth1", 50)
    assert (found.preferred_s, found.valid_s) == (0, 50)


def test_of_an_earlier_lease_only_its_own_addresses_go() -> None:
    old, other = Address("eth1", IP2, 128, valid_s=50), Address("eth1", "2001:db8::9", 128, valid_s=50)
    routers = Address("eth1", "2001:db8::a", 64, valid_s=50)
    same = Address("eth1", IP, 128, valid_s=50)
    gone, longer = installed.put(LEASE, "eth1", (IP2, IP), on(old, other, routers, same), 100)
    assert gone == DeleteAddress(old)
    assert isinstance(longer, SetAddress) and longer.new.valid_s == 3600


def test_an_address_that_a_policy_states_stays_a_static_one() -> None:
    static = Address("eth1", IP, 128)
    assert list(installed.put(LEASE, "eth1", (), on(static), 100)) == []
    assert list(installed.removed("eth1", (IP,), on(static))) == []


def test_a_link_can_speak_once_its_own_address_is_known_to_be_nobody_elses() -> None:
    assert can_speak({"fe80::1": 0x80, "2001:db8::1": 0})
    assert not can_speak({"fe80::1": 0x40})
    assert not can_speak({"fe80::1": 0x08 | 0x40})
    assert not can_speak({"2001:db8::1": 0})
