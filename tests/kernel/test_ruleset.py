"""A table as a value: the script it prints and the messages it sends make the same table."""

from __future__ import annotations

import subprocess

import pytest

from netkernel import ruleset
from netkernel.nftables import Nftables
from netkernel.ruleset import (
    DSTNAT,
    FILTER,
    SRCNAT,
    Chain,
    Rule,
    Table,
    arp_ip,
    arp_mac_not,
    clamp_to_route,
    counter,
    destination,
    dnat,
    drop,
    ether_source_not,
    ether_type,
    family,
    frame_source,
    iif,
    jump,
    leave,
    masquerade,
    new_connections,
    not_iif,
    not_oif,
    oif,
    over,
    ports,
    router_advertisements,
    rule,
    snat,
    source,
    udp_frames_to,
)

pytestmark = pytest.mark.needs_kernel("nft_nat")

RULES: list[tuple[str, list[Rule]]] = [
    ("links", [
        rule(iif("eth0"), oif("k6t-eth0"), counter()), rule(not_iif("eth0"), not_oif("a-15-bytes-name"), drop()),
    ]),
    ("addresses", [
        rule(source("10.0.2.2"), destination("192.0.2.1"), leave(), comment="v4"),
        rule(source("fd10:0:2::2"), destination("2001:db8::1"), leave(), comment="v6"),
        rule(family(4), counter()), rule(family(6), counter()),
    ]),
    ("ports", [
        rule(ports("TCP", 80), counter(), dnat("10.0.2.2")), rule(ports("UDP", 5000, 5010), dnat("fd10:0:2::2")),
    ]),
    ("segments", [rule(new_connections(), clamp_to_route())]),
]  # fmt: skip

FRAMES = [
    rule(ether_source_not("02:00:00:00:00:01"), counter(), drop()), rule(arp_mac_not("02:00:00:00:00:01"), drop()),
    rule(arp_ip("10.0.2.2"), leave()), rule(ether_type("arp"), drop()), rule(ether_type("ip"), drop()),
    rule(ether_type("ip6"), drop()), rule(ether_type("rarp"), drop()),
    rule(frame_source("10.0.2.2"), leave()), rule(frame_source("fe80::/10"), leave()),
    rule(frame_source("fd10::2"), leave()), rule(udp_frames_to(67), counter(), drop()),
    rule(router_advertisements(), counter(), drop()), rule(over(125000, 65536), drop()),
    rule(frame_source("0.0.0.0"), ports("UDP", 67), leave()),
]  # fmt: skip


def printed() -> str:
    return subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout


def read_by_nft(script: str) -> str:
    subprocess.run(["nft", "-f", "-"], input=script, text=True, check=True)
    return printed()


def table(name: str, rules: list[Rule]) -> Table:
    nat = name == "ports"
    chains = [
        Chain("inner", (rule(source("10.0.2.2"), masquerade()),)),
        Chain("post", (rule(jump("inner")), rule(snat("10.0.2.1"))), "postrouting", "nat", SRCNAT),
        Chain(
            name, tuple(rules), "prerouting" if nat else "forward", "nat" if nat else "filter", DSTNAT * nat or FILTER
        ),
    ]
    return Table("inet", "vmnet", tuple(chains), "as of today")


@pytest.mark.parametrize(("name", "rules"), RULES)
def test_what_is_printed_is_what_is_sent(netns: str, name: str, rules: list[Rule]) -> None:
    wanted = read_by_nft(str(table(name, rules)))
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    with Nftables() as door:
        door.commit(ruleset.messages([table(name, rules)]))
    assert printed() == wanted
    assert all(line.split()[0] in wanted for line in str(table(name, rules)).splitlines()[2:])


@pytest.mark.needs_kernel("nft_bridge")
@pytest.mark.parametrize("rules", [[each] for each in FRAMES], ids=[str(each) for each in FRAMES])
def test_what_is_said_of_frames_is_sent_too(netns: str, rules: list[Rule]) -> None:
    made = Table("bridge", "vmnet-tap0", (Chain("guest", tuple(rules), "prerouting", "filter", -200),))
    wanted = read_by_nft(str(made))
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    with Nftables() as door:
        door.commit(ruleset.messages([made]))
        assert door.tables() == [(7, "vmnet-tap0")]
    assert printed() == wanted


def test_a_table_takes_the_place_of_the_one_that_was_there_and_leaves_others_alone(netns: str) -> None:
    subprocess.run(["nft", "add", "table", "inet", "theirs"], check=True)
    with Nftables() as door:
        for name, rules in RULES:
            door.commit(ruleset.messages([table(name, rules)]))
    now = printed()
    assert now.startswith("table inet theirs {\n}\n")
    assert (now.count("chain "), now.count("chain segments")) == (3, 1)
    assert read_by_nft(str(table(*RULES[-1]))) == now
