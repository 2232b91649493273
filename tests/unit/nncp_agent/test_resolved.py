"""systemd-resolved over D-Bus: the wire, the door, and the back end of `dns-resolver` that it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import dbus
from netkernel.dbus import Bus, BusRefused
from netkernel.errors import KernelRefused, MalformedMessage
from netkernel.files import RESOLV_CONF
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import File, LinkDns
from netkernel.resolved import Resolved
from netkernel.rewind import Remembered, remember
from netkernel.undo import undo
from nncp_agent import observe, shown
from nncp_agent.errors import InvalidPolicy
from nncp_agent.plan import decide
from tests.fake_bus import FakeResolved, listening
from tests.fake_kernel import FakeKernel
from tests.host_text import policy, read_host

HOST = read_host("""
links:
  eth1: {addresses: [192.0.2.2/24, "fe80::5/64"]}
  eth2: {addresses: [198.51.100.2/24]}
  eth3: {up: false}
routes: [0.0.0.0/0 via 198.51.100.1 on eth2 metric 100]
""")
STUB = {RESOLV_CONF: File(link="../run/systemd/resolve/stub-resolv.conf", mode=0o777)}
NONE = {name: LinkDns() for name in HOST.links}


def node(**resolver: LinkDns) -> Host:
    return replace(HOST, files=STUB, resolver={**NONE, **resolver})


def asks(config: str, host: Host) -> list[str]:
    return [str(op) for op in decide(policy(f"dns-resolver: {{config: {{{config}}}}}"), host).ops]


values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.tuples(st.just("s"), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)),
        st.tuples(st.just("u"), st.integers(0, 2**32 - 1)),
        st.tuples(st.just("y"), st.integers(0, 255)),
        st.tuples(st.just("n"), st.integers(-(2**15), 2**15 - 1)),
        st.tuples(st.just("x"), st.integers(-(2**63), 2**63 - 1)),
        st.tuples(st.just("b"), st.booleans()),
    ),
    lambda inner: st.one_of(
        inner.flatmap(lambda one: st.integers(0, 3).map(lambda n: ("a" + one[0], [one[1]] * n))),
        st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}{two[1][0]})", (two[0][1], two[1][1]))),
    ),
    max_leaves=6,
)


@given(st.lists(values, max_size=4), st.integers(0, 7))
def test_what_goes_on_the_wire_comes_back(sent: list[Any], offset: int) -> None:
    signature = "".join(each[0] for each in sent)
    assert dbus.unpack(signature, dbus.pack(signature, [each[1] for each in sent], offset), offset) == [
        each[1] for each in sent
    ]


@given(st.sampled_from(["a(yv)", "as", "v", "(isb)", "a(iiay)", "g", "a{sv}"]), st.binary(max_size=40))
def test_bytes_that_are_no_message_are_said_to_be_none(signature: str, data: bytes) -> None:
    try:
        dbus.unpack(signature, data)
    except MalformedMessage:
        return


@pytest.mark.parametrize("signature", ["(", "a", "(i", "z", "a{s", "(" * 40])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    with pytest.raises(ValueError):
        list(dbus.types(signature))


def test_the_message_of_a_call_is_as_the_specification_lays_it_out() -> None:
    assert dbus.pack("sa(ib)", ["ab", [(1, True)]]) == (
        b"\2\0\0\0ab\0\0" b"\x08\0\0\0" b"\0\0\0\0" b"\1\0\0\0\1\0\0\0"
    )  # fmt: skip


def test_servers_and_domains_come_and_go(tmp_path: Path) -> None:
    fake = FakeResolved()
    with listening(tmp_path / "bus", fake) as address:
        door = Resolved(address, str(tmp_path))
        door.write("eth1", 2, LinkDns(("192.0.2.53", "2001:db8::53"), ("a.example", "~b.example", "~")))
        fake.servers[0] = [(2, bytes(4))]  # global ones are no link's
        assert fake.domains[2] == [("a.example", False), ("b.example", True), (".", True)]
        assert door.all({2: "eth1", 3: "eth2"}) == {
            "eth1": LinkDns(("192.0.2.53", "2001:db8::53"), ("a.example", "~b.example", "~.")),
            "eth2": LinkDns(),
        }
        door.write("eth1", 2, LinkDns())
        assert door.all({2: "eth1"}) == {"eth1": LinkDns()}


def test_a_link_that_it_has_not_heard_of_yet_is_waited_for(tmp_path: Path) -> None:
    fake = FakeResolved()
    fake.unknown[2] = 2
    with listening(tmp_path / "bus", fake) as address:
        Resolved(address).write("eth1", 2, LinkDns(("192.0.2.53",)))
    assert fake.servers[2]


def test_links_of_systemd_networkd_are_known(tmp_path: Path) -> None:
    folder = tmp_path / "run/systemd/netif/links"
    folder.mkdir(parents=True)
    (folder / "2").write_text("# private\nADMIN_STATE=configured\n")
    (folder / "3").write_text("ADMIN_STATE=unmanaged\n")
    with listening(tmp_path / "bus", FakeResolved()) as address:
        found = Resolved(address, str(tmp_path)).all({2: "eth1", 3: "eth2"})
    assert {name: each.is_networkds for name, each in found.items()} == {"eth1": True, "eth2": False}


def test_nobody_there_is_nothing_to_see_and_a_refusal_to_write(tmp_path: Path) -> None:
    door = Resolved(str(tmp_path / "nobody"))
    assert door.all({2: "eth1"}) == {}
    with pytest.raises(KernelRefused, match=r"set name servers of eth1: .*No such file"):
        door.write("eth1", 2, LinkDns())


def test_a_bus_that_does_not_let_us_in_says_so(tmp_path: Path) -> None:
    with (
        listening(tmp_path / "bus", FakeResolved(), b"REJECTED EXTERNAL\r\n") as address,
        pytest.raises(BusRefused, match="does not let us in"),
    ):
        Bus(address)


def test_servers_go_to_the_link_of_the_default_route() -> None:
    lists = "server: [192.0.2.53, '2001:db8::53'], search: [a.example]"
    assert asks(lists, node()) == ["set eth2 name servers none -> 192.0.2.53,2001:db8::53, domains none -> a.example"]


def test_they_stay_on_the_link_that_has_them() -> None:
    host = node(eth1=LinkDns(("192.0.2.53",), ("a.example",)))
    assert asks("server: [192.0.2.54]", host) == ["set eth1 name servers 192.0.2.53 -> 192.0.2.54"]
    assert asks("", host) == ["set eth1 name servers 192.0.2.53 -> none, domains a.example -> none"]


def test_a_link_local_server_goes_to_its_link() -> None:
    assert asks("server: ['fe80::1%eth1']", node()) == ["set eth1 name servers none -> fe80::1"]
    shown_there = shown.state(node(eth1=LinkDns(("fe80::1",))))["dns-resolver"]["config"]
    assert shown_there == {"server": ["fe80::1%eth1"], "search": []}


def test_what_systemd_networkd_gave_is_running_and_not_ours() -> None:
    host = node(eth2=LinkDns(("198.51.100.53",), (), is_networkds=True), eth1=LinkDns(("192.0.2.53",)))
    section = shown.state(host)["dns-resolver"]
    assert section == {
        "running": {"server": ["192.0.2.53", "198.51.100.53"], "search": []},
        "config": {"server": ["192.0.2.53"], "search": []},
    }
    assert decide(observe.present(host), host).ops == ()
    assert asks("", host) == ["set eth1 name servers 192.0.2.53 -> none"]


def test_what_it_cannot_do_is_refused() -> None:
    def problem(config: str, host: Host) -> str:
        with pytest.raises(InvalidPolicy) as caught:
            asks(config, host)
        (found,) = caught.value.problems
        return str(found)

    assert problem("options: [rotate]", node()).startswith("dns-resolver.config.options: systemd-resolved, to which")
    away = replace(HOST, files=STUB)
    assert problem("server: [192.0.2.53]", away).startswith("dns-resolver: /etc/resolv.conf leads to systemd-resolved")
    only = replace(node(), links={"lo": HOST.links["lo"]}, addresses={}, routes=(), resolver={"lo": LinkDns()})
    assert "no interface can have them" in problem("server: [192.0.2.53]", only)


def test_a_link_that_goes_takes_its_servers_along_and_undo_brings_them_back() -> None:
    host = read_host("links: {d0: {kind: dummy, addresses: [192.0.2.2/24]}}")
    host = replace(host, files=STUB, resolver={"lo": LinkDns(), "d0": LinkDns(("192.0.2.53",))})
    decision = decide(policy("interfaces: [{name: d0, state: absent}]"), host)
    kernel = FakeKernel(host)
    kernel.execute(decision.ops)
    assert "d0" not in kernel.snapshot().resolver
    assert undo(kernel, Remembered.from_json(remember(host, decision.ops).to_json())) == ()
    assert kernel.snapshot().resolver == host.resolver
