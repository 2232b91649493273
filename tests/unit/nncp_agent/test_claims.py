"""Links taken over from other managers: the files they read, the order of the ops, and the way back (pure)."""

from __future__ import annotations

from typing import Any

import pytest

from netkernel.files import INTERFACES, MANAGERS
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.managers import network_manager as nm
from netkernel.managers import networkd
from netkernel.managers.ifupdown import STATE, STATE2
from netkernel.ops import SetManager, WriteFile
from netkernel.records import FOREVER, File, Hold, Manager
from netkernel.rewind import Remembered, remember
from netkernel.undo import undo
from nncp_agent.committed import following
from nncp_agent.errors import InvalidPolicy
from nncp_agent.managers.base import Holder
from nncp_agent.model import NetworkState
from nncp_agent.plan import Decision, decide, decide_closely
from tests.fake_kernel import Crash, FakeKernel
from tests.host_text import policy, read_host

PROFILE = f"{nm.PROFILES}/uplink.nmconnection"
UPLINK = "[connection]\nid=uplink\nuuid=12\nautoconnect=true\n\n[ipv4]\nmethod=manual\nautoconnect=x\n"
NETDEV = "/etc/systemd/network/b.netdev"
HOST = read_host("""
links:
  eth0: {addresses: [192.0.2.2/24]}
  eth1: {addresses: [198.51.100.2/24]}
  bond0: {kind: bond, mode: active-backup}
  eth2: {master: bond0}
routes: [203.0.113.0/24 via 192.0.2.1 on eth0]
""")
MTU = policy("interfaces: [{name: eth0, mtu: 1400}]")


def host(managers: dict[str, Manager], **files: str) -> Host:
    return replace(HOST, managers=managers, files={path: File(text.encode()) for path, text in files.items()})


BY_NM = replace(
    HOST,
    also=frozenset({MANAGERS}),
    managers={nm.NAME: Manager(True, {"eth0": Hold("12", "state of eth0"), "eth1": Hold("34")})},
    files={PROFILE: File(UPLINK.encode(), mode=0o600), nm.CLAIMED: File()},
)
BY_NETWORKD = replace(
    HOST,
    also=frozenset({MANAGERS}),
    managers={networkd.NAME: Manager(True, {"bond0": Hold("/etc/b.network"), "eth2": Hold("/etc/e.network")})},
    files={NETDEV: File(b"[Match]\nName=x\n[NetDev]\nName=bond0\nKind=bond\n"), networkd.CLAIMED: File()},
)


def claimed(asked: NetworkState, before: Host, committed: NetworkState | None = None) -> Decision:
    holds = {name for manager in before.managers.values() for name in manager.holds}
    holds |= {line.partition("=")[0] for line in before.files.get(STATE, File()).lines}
    holders = {name: Holder("M", "p", "release") for name in holds}
    return decide(asked, before, committed, holders=lambda links: holders, claim=True)


def written(decision: Decision) -> dict[str, str]:
    return {op.path: (op.new.content or b"").decode() for op in decision.ops if isinstance(op, WriteFile)}


def test_networkmanager_is_told_in_its_files_and_begins_anew_before_anything_is_changed() -> None:
    decision = claimed(MTU, BY_NM)
    assert [str(op).partition(":")[0] for op in decision.ops] == [
        f"write {PROFILE}",
        f"write {nm.CLAIMED}",
        "restart NetworkManager, which lets go of eth0",
        "set eth0 mtu 1500 -> 1400",
    ]
    files = written(decision)
    later = UPLINK.replace("id=uplink\nuuid=12\nautoconnect=true", "autoconnect=false\nid=uplink\nuuid=12")
    assert files[PROFILE] == later
    assert files[nm.CLAIMED].splitlines()[1:] == ["[keyfile]", "unmanaged-devices+=interface-name:=eth0"]
    assert next(op for op in decision.ops if isinstance(op, WriteFile)).new.mode == 0o600


def test_a_second_claim_keeps_the_first_and_one_of_what_is_ours_does_nothing() -> None:
    kernel = FakeKernel(BY_NM)
    kernel.execute(claimed(MTU, BY_NM).ops)
    now = kernel.snapshot()
    assert now.managers[nm.NAME].holds.keys() == {"eth1"}
    assert claimed(MTU, now).ops == ()
    second = written(claimed(policy("interfaces: [{name: eth1}]"), now))
    assert "unmanaged-devices+=interface-name:=eth0;interface-name:=eth1\n" in second[nm.CLAIMED]


def test_name_servers_of_a_profile_are_not_lost_in_silence_and_those_of_a_policy_are_left_alone() -> None:
    servers = f"{UPLINK}dns=192.0.2.53;192.0.2.54;\n".encode()
    before = replace(BY_NM, files={**BY_NM.files, PROFILE: File(servers)})
    with pytest.raises(InvalidPolicy, match=r"eth0: cannot be claimed: .*192\.0\.2\.53, 192\.0\.2\.54.*dns-resolver"):
        claimed(MTU, before)
    owned = policy("dns-resolver: {config: {server: [192.0.2.53]}}")
    assert "[main]\ndns=none\n" in written(claimed(MTU, before, owned))[nm.CLAIMED]


def lent(servers: tuple[str, ...] = (), lease: str | None = "ff:01") -> Host:
    """eth0 with an address and a route of networkd's DHCP client."""
    text = """
    links: {eth0: {addresses: [192.0.2.9/24 for 3600]}}
    routes: [0.0.0.0/0 via 192.0.2.1 on eth0 metric 1024 protocol 16]
    """
    hold = Hold("/etc/e.network", servers=servers, lease=lease)
    managers = {networkd.NAME: Manager(True, {"eth0": hold})}
    return replace(read_host(text), also=frozenset({MANAGERS}), managers=managers, files={networkd.CLAIMED: File()})


def test_a_lease_of_its_manager_goes_on_as_ours_under_the_same_name_and_is_remembered_so() -> None:
    decision = claimed(policy("interfaces: [{name: eth0, state: up}]"), lent())
    (client,) = decision.target.clients
    assert (client.key, client.attrs["dhcp-client-id"], client.attrs["auto-route-metric"]) == (
        ("eth0", 4),
        "ff:01",
        1024,
    )
    assert [str(op).partition(" auto")[0] for op in decision.ops[1:]] == [
        "restart systemd-networkd, which lets go of eth0",
        "start DHCPv4 on eth0",
    ]
    (kept,) = following(NetworkState(), decision.desired, decision.known, decision.claims).interfaces or ()
    assert kept.ipv4 and (kept.ipv4.dhcp, kept.ipv4.dhcp_client_id, kept.ipv4.auto_route_metric) == (
        True,
        "ff:01",
        1024,
    )
    asked = policy("interfaces: [{name: eth0, ipv4: {enabled: true, dhcp: true, dhcp-client-id: ll}}]")
    assert claimed(asked, lent()).target.clients[0].attrs["dhcp-client-id"] == "ll"


def test_a_lease_of_its_manager_is_a_static_address_where_dhcp_is_turned_off() -> None:
    decision = claimed(policy("interfaces: [{name: eth0, ipv4: {enabled: true, dhcp: false}}]"), lent())
    assert decision.target.clients == ()
    assert [(each.ip, each.valid_s) for each in decision.target.addresses["eth0"]] == [("192.0.2.9", FOREVER)]


def test_what_its_manager_was_lent_has_to_be_stated() -> None:
    lent = replace(HOST.addresses["eth0"][0], valid_s=3600)
    before = replace(BY_NM, addresses={**HOST.addresses, "eth0": (lent,)})
    with pytest.raises(InvalidPolicy, match=r"eth0: cannot be claimed: its manager keeps 192\.0\.2\.2/24 only for"):
        claimed(MTU, before)
    stated = policy("interfaces: [{name: eth0, ipv4: {enabled: true, address: [{ip: 192.0.2.2, prefix-length: 24}]}}]")
    assert claimed(stated, before).claims == {"eth0"}


def test_where_systemd_cannot_be_asked_a_claim_is_refused() -> None:
    managers = {nm.NAME: replace(BY_NM.managers[nm.NAME], obstacle="no bus")}
    with pytest.raises(InvalidPolicy, match="eth0: cannot be claimed: no bus"):
        claimed(MTU, replace(BY_NM, managers=managers))


def test_networkd_is_told_in_its_files_and_makes_the_link_no_more() -> None:
    decision = claimed(policy("interfaces: [{name: bond0}]"), BY_NETWORKD)
    assert decision.claims == {"bond0", "eth2"}  # a port goes with what it is a port of
    assert written(decision) == {
        networkd.CLAIMED: f"{HEAD}\n[Match]\nName=bond0 eth2\nKernelCommandLine=!nncp=off\n[Link]\nUnmanaged=yes\n",
        networkd.drop_in(NETDEV): f"{HEAD}\n[Match]\nKernelCommandLine=nncp=off\n",
    }
    assert str(decision.ops[-1]) == "restart systemd-networkd, which lets go of bond0, eth2"


HEAD = "# Links that nncp configures (nncp apply --claim). `nncp rollback --to N` hands them back."
IFUPDOWN: dict[str, Any] = {
    STATE: "lo=lo\neth0=eth0\n",
    INTERFACES: "auto lo eth0\niface eth0 inet static\n address 192.0.2.2/24\n",
    f"{INTERFACES}.d/more": "allow-hotplug eth0\n",
}


def by_ifupdown(**other: str) -> Host:
    files = {path: File(text.encode()) for path, text in {**IFUPDOWN, **other}.items()}
    return replace(HOST, also=frozenset({MANAGERS}), files=files)


def test_ifupdown_brings_it_up_no_more_and_does_not_believe_it_did() -> None:
    assert written(claimed(MTU, by_ifupdown())) == {
        STATE: "lo=lo\n",
        INTERFACES: "# nncp: auto lo eth0\nauto lo\niface eth0 inet static\n address 192.0.2.2/24\n",
        f"{INTERFACES}.d/more": "# nncp: allow-hotplug eth0\n",
    }


def test_a_client_that_ifupdown_started_goes_on_and_so_a_claim_is_refused() -> None:
    with pytest.raises(InvalidPolicy, match="eth0: cannot be claimed: ifupdown started a DHCP client"):
        claimed(MTU, by_ifupdown(**{INTERFACES: "auto eth0\niface eth0 inet dhcp\n"}))


def test_ifupdown2_brings_it_up_no_more_and_forgets_that_it_did() -> None:
    interfaces = "auto lo\nauto eth[0-1]\niface eth0\n address 192.0.2.2/24\n"
    before = replace(by_ifupdown(), files={STATE2: File(b"\x80\x04."), INTERFACES: File(interfaces.encode())})
    decision = decide(MTU, before, holders=lambda links: {"eth0": Holder("M", "p", "release")}, claim=True)
    assert written(decision) == {
        STATE2: "",
        INTERFACES: "auto lo\n# nncp: auto eth[0-1]\nauto eth1\niface eth0\n address 192.0.2.2/24\n",
    }
    assert f"delete file {STATE2}" in map(str, decision.ops)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("source /etc/cloud/net/*.cfg", "/etc/network/interfaces has /etc/cloud/net/*.cfg read, too"),
        ("source-directory more.d", "/etc/network/interfaces has /etc/network/more.d read, too"),
        ("allow-hotplug /eth*", "/etc/network/interfaces brings up /eth*"),
    ],
)
def test_what_ifupdown_brings_up_where_we_cannot_take_it_out_is_not_claimed(line: str, why: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        claimed(MTU, by_ifupdown(**{INTERFACES: f"{line}\nauto eth0\niface eth0 inet manual\n"}))
    assert f"eth0: cannot be claimed: {why}: " in str(refused.value)
    fine = "source interfaces.d/*\nsource-directory /etc/network/interfaces.d\nallow-hotplug /en*\nauto eth0\n"
    assert claimed(MTU, by_ifupdown(**{INTERFACES: fine})).claims == {"eth0"}


def test_the_files_of_managers_are_looked_at_when_something_is_to_be_claimed_and_only_then() -> None:
    kernel, asked = FakeKernel(BY_NM), []

    def look(also: frozenset[str]) -> Host:
        asked.append(also)
        return kernel.snapshot(also)

    def decided(before: Host) -> Decision:
        holders = {"eth0": Holder("M", "p", "release")}
        return decide(MTU, before, holders=lambda links: holders, claim=True)

    assert len(decide_closely(decided, replace(BY_NM, also=frozenset()), look).ops) == 4
    assert asked == [{MANAGERS}]
    free = policy("interfaces: [{name: eth1, mtu: 1400}]")
    decide_closely(lambda before: decide(free, before, claim=True), replace(BY_NM, also=frozenset()), look)
    assert len(asked) == 1


@pytest.mark.parametrize("died_at", range(5))
def test_whoever_dies_in_a_claim_is_taken_back_and_the_manager_has_its_link_again(died_at: int) -> None:
    decision = claimed(MTU, BY_NM)
    kernel = FakeKernel(BY_NM, crash_at=died_at if died_at < len(decision.ops) else None, batch=1)
    remembered = Remembered.from_json(remember(BY_NM, decision.ops).to_json())
    if died_at < len(decision.ops):
        with pytest.raises(Crash):
            kernel.execute(decision.ops)
    else:
        kernel.execute(decision.ops)
    kernel.executed.clear()
    assert undo(kernel, remembered) == ()
    now = kernel.snapshot()
    assert (now.managers, now.links["eth0"].mtu) == (BY_NM.managers, 1500)
    assert {path: now.files[path] for path in BY_NM.files} == BY_NM.files
    told = [at for at, op in enumerate(kernel.executed) if isinstance(op, SetManager)]
    assert told == ([len(kernel.executed) - 1] if died_at else [])  # when all is as it was


def test_a_manager_that_was_stopped_on_the_way_is_started_again() -> None:
    decision = claimed(MTU, BY_NM)
    stopped = replace(BY_NM, managers={nm.NAME: replace(BY_NM.managers[nm.NAME], running=False)})
    kernel = FakeKernel(stopped)
    assert undo(kernel, remember(BY_NM, decision.ops)) == ()
    assert list(map(str, kernel.executed)) == ["start NetworkManager"]


def test_what_another_manager_made_is_remembered_whole_for_the_next_boot() -> None:
    after = following(NetworkState(), MTU, BY_NM, frozenset({"eth0"}))
    eth0 = after.interface("eth0")
    assert eth0 is not None and eth0.ipv4 is not None and eth0.ipv4.address is not None
    assert (eth0.mtu, [each.ip for each in eth0.ipv4.address]) == (1400, ["192.0.2.2"])
    assert after.routes is not None and after.routes.config is not None
    assert [each.destination for each in after.routes.config] == ["203.0.113.0/24"]
