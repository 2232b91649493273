"""`ipv6: {dhcp: true}` from the policy to the server and back: applied, shown, taken back, turned off, restored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.records import FOREVER
from nncp_agent import api
from nncp_agent.errors import Unreachable
from nncp_agent.keeping import LEASES
from nncp_agent.keeping.door import Door
from nncp_agent.restore import restore
from nncp_agent.store import Store
from tests import processes
from tests.dhcp.segment import RANGE as RANGE4
from tests.dhcp.segment import Segment, sh
from tests.dhcp.test_dhcp6_leases_from_dnsmasq import NET, RANGE, comes_true, lent, server
from tests.dhcp.test_leases_from_dnsmasq import becomes
from tests.dhcp.test_leases_from_dnsmasq import lent as lent4
from tests.dhcp.test_name_servers_of_leases import Nncp, command, etc, running
from tests.kernel.asked import Asked
from tests.same_host import changes

pytestmark = pytest.mark.needs_kernel("veth", "bridge")
__all__ = ["etc"]

NAMES = (f"--dhcp-option=option6:dns-server,[{NET}:53]", "--dhcp-option=option6:domain-search,a.example")
STATIC = {"ip": "2001:db8:9::5", "prefix-length": 64}


def eth1(**ipv6: Any) -> dict[str, Any]:
    """Without routers, where nothing is said of them: a link that has an address may listen to them already."""
    keys = {key.replace("_", "-"): ipv6[key] for key in ipv6}
    return {"name": "eth1", "type": "ethernet", "state": "up", "ipv6": {"enabled": True, "autoconf": False, **keys}}


@pytest.fixture
def asked(state: Path) -> Asked:
    return Asked(state)


@pytest.fixture
def served(segment: Segment) -> Segment:
    """A server that is no router."""
    server(segment, *RANGE, *NAMES).start()
    return segment


@pytest.fixture
def routed(segment: Segment) -> Segment:
    """A router that makes addresses of its prefix, and says that there are others to be had."""
    server(segment, f"--dhcp-range={NET}:10,{NET}:50,slaac,64,600", *NAMES, ra=True).start()
    return segment


def held(host: Host) -> bool:
    """Whether there is an address from DHCP, and nobody else has it."""
    return any(not each.state & 0x40 for each in lent(host))


def own(host: Host) -> list[str]:
    """Addresses that are made of the router's prefix."""
    return [each.ip for each in host.addresses.get("eth1", ()) if each.ip.startswith(NET) and each.prefix == 64]


def test_an_interface_asked_for_dhcp_shows_it_and_what_it_was_lent(
    served: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.apply(eth1(dhcp=True, autoconf=False, dhcp_duid="ll"))
    host = becomes(kernel, held)
    shown = asked.show("eth1")["ipv6"]
    assert {key: value for key, value in shown.items() if key not in ("address", "addr-gen-mode")} == {
        "enabled": True, "dhcp": True, "autoconf": False, "auto-dns": True, "auto-gateway": True, "auto-routes": True,
        "auto-route-table-id": 0, "dhcp-duid": "ll",
    }  # fmt: skip
    (address,) = [each for each in shown["address"] if not each["ip"].startswith("fe80:")]
    assert (address["ip"], address["prefix-length"]) == (lent(host)[0].ip, 128)
    assert address["valid-life-time"].endswith("sec")
    assert asked.plan(asked.show("eth1")) == []
    assert asked.plan(eth1(dhcp=True, autoconf=False, dhcp_duid="ll")) == []
    config = api.show(state_dir=asked.state_dir, running_config=True)
    (only,) = [each for each in config["interfaces"] if each["name"] == "eth1"]
    assert [each for each in only["ipv6"].get("address", ()) if not each["ip"].startswith("fe80:")] == []
    assert only["ipv6"]["dhcp"] is True


def test_with_routers_both_kinds_of_addresses_come(routed: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    asked.apply(eth1(dhcp=True, autoconf=True))
    becomes(kernel, lambda host: held(host) and own(host))
    shown = asked.show("eth1")["ipv6"]
    assert (shown["dhcp"], shown["autoconf"], shown["auto-dns"], shown["auto-routes"]) == (True, True, True, True)
    assert asked.plan(asked.show("eth1")) == []
    asked.becomes(eth1(dhcp=False, autoconf=True))
    host = kernel.snapshot()
    assert (lent(host), len(own(host))) == ([], 1)


def test_what_was_not_committed_takes_the_lease_off_again(served: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    asked.apply(eth1(address=[STATIC]))
    before = becomes(kernel, lambda host: not any(each.state & 0x40 for each in host.addresses["eth1"]))
    asked.apply(eth1(dhcp=True, address=[]), commit=False)
    becomes(kernel, held)
    asked.rollback()
    after = kernel.snapshot()
    assert changes(before, after) == []
    assert (lent(after), after.clients) == ([], ())


def test_what_takes_dhcp_away_and_is_not_committed_brings_it_back(
    served: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.apply(eth1(dhcp=True))
    before = becomes(kernel, held)
    asked.apply(eth1(dhcp=False, address=[STATIC]), commit=False)
    host = kernel.snapshot()
    assert (lent(host), host.clients) == ([], ())
    asked.rollback()
    after = kernel.snapshot()
    assert (after.clients, [each.ip for each in lent(becomes(kernel, held))]) == (
        before.clients,
        [each.ip for each in lent(before)],
    )
    assert changes(before, kernel.snapshot()) == []
    assert lent(kernel.snapshot())[0].valid_s <= 120


def test_dhcp_turned_off_without_addresses_leaves_them_as_static_ones(
    served: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.apply(eth1(dhcp=True))
    (address,) = lent(becomes(kernel, held))
    asked.becomes(eth1(dhcp=False))
    shown = asked.show("eth1")["ipv6"]
    assert shown["dhcp"] is False
    assert {"ip": address.ip, "prefix-length": 128} in shown["address"]
    (committed,) = Store(asked.state_dir).committed().interfaces or ()
    assert committed.ipv6 and committed.ipv6.address
    assert [each.ip for each in committed.ipv6.address] == [address.ip]
    assert [each.valid_s for each in kernel.snapshot().addresses["eth1"] if each.ip == address.ip] == [FOREVER]


def test_a_family_that_is_disabled_has_no_client_and_no_address(
    served: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.apply(eth1(dhcp=True))
    becomes(kernel, held)
    asked.becomes({**eth1(), "ipv6": {"enabled": False}})
    assert (lent(kernel.snapshot()), kernel.snapshot().clients) == ([], ())


def test_after_a_restart_of_the_machine_the_committed_client_asks_for_its_address(
    served: Segment, kernel: LinuxKernel, asked: Asked, state: Path
) -> None:
    asked.apply(eth1(dhcp=True))
    (address,) = lent(becomes(kernel, held))
    processes.end(state, LEASES)
    with LinuxKernel(keepers=Door(state)) as fresh:
        sh(f"ip addr del {address.ip}/128 dev eth1")
        restored = restore(Store(state), fresh)
    assert next(str(op) for outcome in restored.outcomes for op in outcome.ops).startswith("start DHCPv6 on eth1")
    assert [each.ip for each in lent(becomes(kernel, held))] == [address.ip]


def test_settings_that_change_keep_the_address(served: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    asked.apply(eth1(dhcp=True))
    (address,) = lent(becomes(kernel, held))
    asked.becomes(eth1(dhcp=True, dhcp_custom_hostname="node7"))
    assert [each.ip for each in lent(kernel.snapshot())] == [address.ip]
    comes_true(kernel, lambda: " node7 " in served.servers[0].leases.read_text())


def test_an_apply_that_fails_later_leaves_no_client(served: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    class Never:
        def describe(self) -> str:
            return "a check that fails after the change"

        def try_once(self, timeout_s: float) -> bool:
            return not kernel.snapshot().clients

    before = kernel.snapshot()
    with pytest.raises(Unreachable, match="a check that fails after the change"):
        api.apply({"interfaces": [eth1(dhcp=True)]}, checks=[Never()], state_dir=asked.state_dir)
    host = kernel.snapshot()
    assert (host.clients, lent(host), changes(before, host)) == ((), [], [])


def test_release_gives_addresses_of_both_families_back_and_an_apply_asks_again(
    nncp: Nncp, served: Segment, kernel: LinuxKernel
) -> None:
    four = served.server("192.0.2.1/24", *RANGE4)
    four.start()
    six = served.servers[0]
    policy = {**eth1(dhcp=True), "ipv4": {"enabled": True, "dhcp": True}}
    nncp("apply", "--no-check", "-", given={"interfaces": [policy]})
    host = becomes(kernel, lambda host: held(host) and lent4(host))
    (one,), (other,) = lent(host), lent4(host)
    comes_true(kernel, lambda: one.ip in six.leases.read_text() and other.ip in four.leases.read_text())
    assert nncp("release", "eth1").count("give its lease back") == 2
    after = kernel.snapshot()
    assert (lent(after), lent4(after), after.clients) == ([], [], ())
    comes_true(kernel, lambda: one.ip not in six.leases.read_text() and other.ip not in four.leases.read_text())
    nncp("apply", "--no-check", "-", given={"interfaces": [policy]})
    becomes(kernel, lambda host: held(host) and lent4(host))


@pytest.fixture
def nncp(segment: Segment, state: Path, etc: Path) -> Nncp:
    return command(state, etc)


def test_name_servers_are_running_and_not_config_and_go_when_dhcp_does(nncp: Nncp, served: Segment, etc: Path) -> None:
    mine = (etc / "resolv.conf").read_text()
    nncp("apply", "--no-check", "-", given={"interfaces": [eth1(dhcp=True)]})
    found = running(nncp, ["198.51.100.1", f"{NET}:53"])
    assert (found["running"]["search"], not found["config"].get("search")) == (["a.example"], True)
    assert nncp("plan", "-", given=json.loads(nncp("show", "-o", "json"))) == ""
    nncp("apply", "--no-check", "-", given={"interfaces": [eth1(dhcp=True, auto_dns=False)]})
    assert (etc / "resolv.conf").read_text() == mine
    nncp("apply", "--no-check", "-", given={"interfaces": [eth1(dhcp=True, auto_dns=True)]})
    running(nncp, ["198.51.100.1", f"{NET}:53"])
    nncp("rollback", "--no-check", "--to", "1")
    running(nncp, ["198.51.100.1", f"{NET}:53"])
    nncp("apply", "--no-check", "-", given={"interfaces": [{**eth1(), "ipv6": {"enabled": False}}]})
    assert (etc / "resolv.conf").read_text() == mine


def test_name_servers_come_without_addresses_where_routers_say_so(
    nncp: Nncp, segment: Segment, kernel: LinuxKernel
) -> None:
    server(segment, f"--dhcp-range={NET}:,ra-stateless,64,600", *NAMES, ra=True).start()
    nncp("apply", "--no-check", "-", given={"interfaces": [eth1(dhcp=True, autoconf=True)]})
    running(nncp, ["198.51.100.1", f"{NET}:53"])
    host = becomes(kernel, own)
    assert lent(host) == []
