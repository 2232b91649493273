"""The rules of masquerade, variant by variant; what they do to packets is tested on a kernel."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from vmnet.addressing import Inside
from vmnet.masquerade import ENVOY_PORTS, Masqueraded, table
from vmnet.vm import Port

ADDRESSES = ("192.0.2.1", "2001:db8::1")
FOUR, SIX = Inside("10.0.2.1", "10.0.2.2", 24), Inside("fd10:0:2::1", "fd10:0:2::2", 120)
HTTP, SSH, MANY = Port("TCP", 80, 80), Port("TCP", 22, 22), Port("UDP", 5000, 5010)


def rules(chain: str, inside: Sequence[Inside] = (FOUR,), ports: Sequence[Port] = (), istio: bool = False) -> list[str]:
    made = table(
        Masqueraded(
            link="eth0", bridge="k6t-eth0", addresses=ADDRESSES, inside=tuple(inside), ports=tuple(ports), istio=istio
        )
    )
    return [str(rule) for each in made.chains if each.name == chain for rule in each.rules]


@pytest.mark.parametrize(
    ("ports", "istio", "said"),
    [
        ([], False, ["counter dnat ip to 10.0.2.2"]),
        (
            [HTTP, MANY],
            False,
            ["tcp dport 80 counter dnat ip to 10.0.2.2", "udp dport 5000-5010 counter dnat ip to 10.0.2.2"],
        ),
        ([], True, ["tcp dport 22 counter dnat ip to 10.0.2.2"]),
        ([HTTP, SSH], True, ["tcp dport 22 counter dnat ip to 10.0.2.2"]),
        ([Port("TCP", 20, 30)], True, ["tcp dport 22 counter dnat ip to 10.0.2.2"]),
        ([HTTP], True, []),
        ([Port("UDP", 22, 22)], True, []),
    ],
)
def test_what_comes_for_the_pod_is_the_guests(ports: list[Port], istio: bool, said: list[str]) -> None:
    assert rules("inbound4", ports=ports, istio=istio) == said


def test_only_the_families_the_pod_has_are_translated() -> None:
    assert rules("inbound6") == []
    assert rules("inbound6", [SIX]) == ["counter dnat ip6 to fd10:0:2::2"]
    assert not [rule for rule in rules("postrouting", [SIX]) if "ip saddr" in rule]


def test_a_guest_reaches_its_own_pods_address() -> None:
    assert 'iifname "k6t-eth0" ip daddr 192.0.2.1 counter jump inbound4' in rules("prerouting")
    assert 'iifname "k6t-eth0" ip6 daddr 2001:db8::1 counter jump inbound6' in rules("prerouting", [SIX])
    assert rules("postrouting")[1].startswith('oifname "k6t-eth0" ip saddr 10.0.2.2 counter snat ip to 10.0.2.1')


@pytest.mark.parametrize(("ports", "dport"), [([], ""), ([HTTP], "tcp dport 80 "), ([MANY], "udp dport 5000-5010 ")])
def test_processes_of_the_pod_reach_the_guest_by_loopback_and_by_the_pods_address(
    ports: list[Port], dport: str
) -> None:
    assert rules("output", ports=ports) == [
        f"ip daddr {each} {dport}counter dnat ip to 10.0.2.2" for each in ("127.0.0.1", "192.0.2.1")
    ]
    assert f'oifname "k6t-eth0" {dport}ip saddr 127.0.0.1 counter snat ip to 10.0.2.1' in rules(
        "postrouting", ports=ports
    )


def test_what_is_for_no_port_of_the_guests_is_counted() -> None:
    assert rules("prerouting", ports=[HTTP])[-1] == 'iifname "eth0" counter comment "for no port of the guest\'s"'
    assert "no port" not in str(rules("prerouting"))


def test_istios_proxy_speaks_from_its_own_address_and_keeps_its_own_ports() -> None:
    kept = [f"tcp dport {port} ip saddr 127.0.0.1 counter return" for port in ENVOY_PORTS]
    assert rules("output", istio=True)[: len(kept)] == kept
    after = rules("postrouting", istio=True)
    assert [f'oifname "k6t-eth0" {rule}' for rule in kept] == after[2 : 2 + len(kept)]
    assert after[-1] == 'oifname "k6t-eth0" ip saddr 127.0.0.6 counter snat ip to 10.0.2.1'
    assert "127.0.0.6" not in str(rules("postrouting"))


def test_nothing_is_forwarded_between_the_guest_and_other_links() -> None:
    assert [rule.partition(" comment")[0] for rule in rules("forward")] == [
        'iifname "k6t-eth0" oifname "eth0" counter return', 'iifname "eth0" oifname "k6t-eth0" counter return',
        'iifname "k6t-eth0" oifname "k6t-eth0" counter return', 'iifname "k6t-eth0" counter drop',
        'oifname "k6t-eth0" counter drop',
    ]  # fmt: skip


def test_a_table_says_what_it_was_made_of() -> None:
    made = [
        table(Masqueraded(link="eth0", bridge="k6t-eth0", addresses=(), inside=(FOUR,), ports=each))
        for each in ((), (HTTP,))
    ]
    assert made[0].comment != made[1].comment
    assert len(made[0].comment) == 32
