"""Who a DHCPv6 client says it is."""

from uuid import UUID

import pytest
from scapy.layers import dhcp6 as scapy6

from netkernel.packets import dhcp6, duids
from netkernel.packets import dhcp6_options as options
from netkernel.packets.dhcp6_options import Status
from nncp_agent.dhcp.v6 import messages
from nncp_agent.dhcp.v6.messages import Exchange, Who

MAC = "02:00:00:00:00:01"
MACHINE = UUID("12345678-1234-4234-8234-123456789abc").bytes


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("", "0004" + MACHINE.hex()),
        ("uuid", "0004" + MACHINE.hex()),
        ("ll", "00030001020000000001"),
        ("llt", "00010001" + "00000064" + "020000000001"),
        ("en", "00020000ab11" + MACHINE[:8].hex()),
        ("00:01:AB:c", "0001ab0c"),
        ("00020a0b", "00020a0b"),
    ],
)
def test_a_duid_is_what_its_word_means(word: str, wanted: str) -> None:
    assert messages.duid(word, 1, MAC, MACHINE, options.DUID_EPOCH_S + 100).hex() == wanted


@pytest.mark.parametrize("word", ["", "ab", "00:01", "node7", "000", "00:0102", "00:0x:01", "+1:02:03", "00" * 131])
def test_what_is_no_duid_in_hex_is_none(word: str) -> None:
    assert duids.read(word) == b""


def test_the_longest_duid_has_130_bytes() -> None:
    assert len(duids.read("ab" * 130)) == 130


def test_the_number_of_a_links_addresses_is_its_names() -> None:
    assert messages.number_of("eth1") == messages.number_of("eth1") != messages.number_of("eth2")
    assert messages.number_of("\udcff\udcfe") < 2**32


def test_a_host_name_that_is_none_is_not_told() -> None:
    said = messages.solicit(Exchange(Who(b"duid", 7, "no name at all"), 1))
    assert said.option(options.CLIENT_NAME) is None


def test_scapy_reads_what_we_say_to_one_server() -> None:
    exchange = Exchange(Who(options.duid_link(1, MAC), 7, "node7"), 0xCAFE, 1.5)
    said = messages.renew(exchange, options.duid_link(1, "02:00:00:00:00:02"), ("2001:db8::7", "2001:db8::8"))
    seen = scapy6.DHCP6_Renew(said.pack())
    assert seen[scapy6.DHCP6OptServerId].duid.lladdr == "02:00:00:00:00:02"
    assert seen[scapy6.DHCP6OptElapsedTime].elapsedtime == 150
    given = seen[scapy6.DHCP6OptIA_NA]
    assert [each.addr for each in given.ianaopts] == ["2001:db8::7", "2001:db8::8"]
    assert {(each.preflft, each.validlft) for each in given.ianaopts} == {(0, 0)}
    assert bytes(seen[scapy6.DHCP6OptClientFQDN]).endswith(b"\1\5node7")
    assert (said.type, options.status(said.option(options.STATUS))) == (dhcp6.RENEW, Status())
