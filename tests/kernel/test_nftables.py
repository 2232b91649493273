"""What is written to nftables is what nft(8) prints of it, all of a transaction or nothing."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator

import pytest

from netkernel import nftables as nft
from netkernel.errors import KernelRefused
from netkernel.nft_rules import Rule
from netkernel.nftables import BRIDGE, INET, Nftables

pytestmark = pytest.mark.needs_kernel("nft_bridge", "nft_nat")

OF = (BRIDGE, "nat")


def printed() -> str:
    ruleset = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    return "\n".join(" ".join(line.split()) for line in ruleset.splitlines() if line.strip())


@pytest.fixture
def door(netns: str) -> Iterator[Nftables]:
    with Nftables() as opened:
        yield opened


def test_chains_and_rules_are_printed_as_if_nft_had_written_them(door: Nftables) -> None:
    door.commit(
        [
            nft.table(*OF),
            nft.base_chain(*OF, "PREROUTING", kind="filter", hook=0, priority=-300),
            nft.chain(*OF, "own"),
            nft.rule(*OF, "PREROUTING", [nft.input_name("veth1"), nft.jump("own")], "first"),
            nft.rule(*OF, "own", [nft.ether_source("02:00:00:00:00:01"), nft.leave()], "second"),
            nft.rule(*OF, "own", [nft.counter(), nft.drop()], "third"),
        ]
    )
    assert printed() == "\n".join(
        [
            "table bridge nat {",
            "chain PREROUTING {",
            "type filter hook prerouting priority dstnat; policy accept;",
            'iifname "veth1" jump own comment "first"',
            "}",
            "chain own {",
            'ether saddr 02:00:00:00:00:01 return comment "second"',
            'counter packets 0 bytes 0 drop comment "third"',
            "}",
            "}",
        ]
    )


@pytest.mark.parametrize(("ip", "word", "net"), [("10.1.2.3", "ip", "10.1.0.0/16"), ("fd00::3", "ip6", "fd00::/64")])
def test_addresses_and_networks_of_both_families(door: Nftables, ip: str, word: str, net: str) -> None:
    network, _, prefix = net.partition("/")
    whole = 128 if ":" in ip else 32
    given = [
        nft.of_family(ip),
        nft.address("saddr", ip, whole),
        nft.address("daddr", network, int(prefix), nft.UNEQUAL),
    ]
    door.commit(
        [
            nft.table(INET, "m", "ours"),
            nft.base_chain(INET, "m", "c", kind="nat", hook=4, priority=100),
            nft.rule(INET, "m", "c", [*given, nft.masquerade()], "masked"),
        ]
    )
    assert f'{word} saddr {ip} {word} daddr != {net} masquerade comment "masked"' in printed()


def test_a_transaction_that_is_refused_leaves_nothing(door: Nftables) -> None:
    with pytest.raises(KernelRefused) as refused:
        door.commit([nft.table(*OF), nft.chain(*OF, "own"), nft.rule(*OF, "none", [nft.drop()], "")])
    assert refused.value.errno == errno.ENOENT
    assert printed() == ""
    assert not door.has_table(*OF)


def test_what_is_there_already_stays_and_is_no_error(door: Nftables) -> None:
    twice = [nft.table(*OF), nft.base_chain(*OF, "PREROUTING", kind="filter", hook=0, priority=-300)]
    door.commit(twice)
    door.commit(twice)
    assert printed().count("chain PREROUTING") == 1


def test_rules_are_found_by_their_comment_and_deleted_by_their_handle(door: Nftables) -> None:
    rules = [
        nft.rule(*OF, "c", [nft.input_name(f"veth{n}"), nft.counter(), nft.drop()], f"pod-{n};") for n in range(20)
    ]
    door.commit([nft.table(*OF), nft.chain(*OF, "c"), *rules])
    (found,) = door.rules(*OF, "c", containing="pod-7;")
    assert found == Rule("c", found.handle, "pod-7;", 0, "veth7", drops=True)
    assert [rule.comment for rule in door.rules(*OF, "c")] == [f"pod-{n};" for n in range(20)]
    door.commit([nft.delete_rule(*OF, found)])
    assert "pod-7;" not in printed()
    assert printed().count("pod-") == 19
    with pytest.raises(KernelRefused) as refused:
        door.commit([nft.delete_rule(*OF, found)])
    assert refused.value.errno == errno.ENOENT


def test_a_transaction_may_insist_that_nobody_changed_anything_since(door: Nftables) -> None:
    door.commit([nft.table(*OF, "ours"), nft.chain(*OF, "a")])
    seen = door.generation()
    assert (door.table_comment(*OF), door.chains(*OF), door.table_comment(BRIDGE, "x")) == ("ours", ["a"], None)
    subprocess.run(["nft", "add chain bridge nat b"], check=True)
    with pytest.raises(KernelRefused):
        door.commit([nft.delete_table(*OF)], seen)
    assert door.chains(*OF) == ["a", "b"]
    door.commit([nft.delete_table(*OF)], door.generation())
    assert printed() == ""


def test_a_chain_that_is_not_there_has_no_rules(door: Nftables) -> None:
    assert door.rules(*OF, "c") == []
    assert not door.has_chain(*OF, "c")


def test_a_chain_in_use_is_not_deleted_and_an_emptied_one_is(door: Nftables) -> None:
    door.commit([nft.table(*OF), nft.chain(*OF, "a"), nft.chain(*OF, "b"), nft.rule(*OF, "a", [nft.jump("b")], "x")])
    with pytest.raises(KernelRefused) as refused:
        door.commit([nft.delete_chain(*OF, "b")])
    assert refused.value.errno == errno.EBUSY
    door.commit([nft.flush(*OF, "a"), nft.delete_chain(*OF, "b"), nft.delete_chain(*OF, "a"), nft.delete_table(*OF)])
    assert printed() == ""


def test_a_comment_nft_could_not_print_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="nft"):
        nft.rule(*OF, "c", [], "x" * 128)
