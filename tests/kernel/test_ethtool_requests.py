"""What ethtool(8) says to a kernel, read by us: no driver of a test kernel wakes a machine or saves energy.

It prints what it sends before the kernel answers that the driver has nothing of it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from struct import pack
from typing import Any

import pytest

from netkernel import genetlink, tlv
from netkernel.codec import ethtool as codec
from netkernel.ethtool import FAMILY, SECTIONS, WAKE_WORDS
from netkernel.kernel import LinuxKernel
from netkernel.ops import SetHardware

pytestmark = pytest.mark.needs_kernel("veth", "tap")

MODES = ["10baseT/Half", "10baseT/Full", "100baseT/Half", "100baseT/Full", "1000baseT/Half", "1000baseT/Full"]
LISTS = {"modes": 2, "encoding": 2, "advertise": 3}
"""Attributes with bits, by setting; those of energy-efficient modes have 2 as well."""
BITS = 3
SENT_AND_DUMPED = "0x5"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DATA = re.compile(r"\| ((?:[0-9a-f]{2} ){4}) *\|\t\| *(data|extra header) ")
ATTRIBUTE = re.compile(r"\|(\d{5})\|([N-])([B-])\|(\d{5})\|")


def sent(*command: str) -> bytes:
    """The last message that `ethtool` sends, from its generic-netlink header on."""
    run = subprocess.run(["ethtool", "--debug", SENT_AND_DUMPED, *command], capture_output=True, text=True, check=False)
    text = COLOUR.sub("", run.stderr + run.stdout)
    last = text[text.rindex("sending genetlink packet") :].split("received genetlink packet")[0]
    found = b""
    for line in last.splitlines():
        if data := DATA.match(line):
            found += bytes.fromhex(data[1])
        elif attribute := ATTRIBUTE.match(line):
            found += pack("=HH", int(attribute[1]), int(attribute[4]) | (0x8000 if attribute[2] == "N" else 0))
    return found


@pytest.mark.parametrize(
    ("command", "section", "values"),
    [
        (("-s", "v1", "wol", "ubg"), "wake-on-lan", {"modes": ("unicast", "broadcast", "magic")}),
        (("-s", "v1", "wol", "pmaf"), "wake-on-lan", {"modes": ("phy", "multicast", "arp", "filter")}),
        (("-s", "v1", "wol", "d"), "wake-on-lan", {"modes": ()}),
        (
            ("--set-eee", "v1", "eee", "on", "tx-lpi", "off", "tx-timer", "50", "advertise", "0x28"),
            "eee",
            {"enabled": True, "tx-lpi": False, "tx-lpi-timer": 50, "advertise": ("100baseT/Full", "1000baseT/Full")},
        ),
        (("--set-fec", "v1", "encoding", "rs"), "fec", {"encoding": ("rs",)}),
        (("-s", "v1", "autoneg", "on", "advertise", "0x20"), "link", {"autoneg": True, "advertise": (MODES[5],)}),
        (("-s", "v1", "autoneg", "off", "duplex", "half"), "link", {"autoneg": False, "duplex": "half"}),
    ],
)
def test_what_ethtool_sends_means_what_we_would_send(
    netns: str, command: tuple[str, ...], section: str, values: dict[str, Any]
) -> None:
    subprocess.run(["ip", "link", "add", "v1", "type", "veth", "peer", "v2"], check=True)
    message = sent(*command)
    assert message[0] == SECTIONS[section].set
    body = message[genetlink.HEADER.size :]
    header = tlv.nest(1, tlv.u32(1, 7))  # theirs names the link, ours its number
    (_, _, last), *_ = tlv.walk(body, 0, len(body))
    data = header + body[(last + 3) & ~3 :]
    for read in (data, codec.change(section, values, 7)):
        settings = codec.Replies(section, MODES).read(iter([(read, 0, len(read))]))[7].settings
        found = {**settings, **{key: listed(read) or settings[key] for key in values.keys() & LISTS.keys()}}
        assert {key: found.get(key) for key in values} == values, read.hex(" ", 4)


def listed(message: bytes) -> tuple[str, ...]:
    """The bits that a request has one by one, by name or number, which no reply does."""
    found = []
    for number, start, end in tlv.walk(message, 0, len(message)):
        for _, first, last in inside(message, start, end, BITS) if number in LISTS.values() else ():
            values = {inner: message[low:high] for inner, low, high in tlv.walk(message, first, last)}
            place = int.from_bytes(values[1], "little") if 1 in values else -1
            found.append(WAKE_WORDS[place] if place >= 0 else values[2].rstrip(b"\0").decode())
    return tuple(each.lower() if each == "RS" else each for each in found)


def inside(message: bytes, start: int, end: int, wanted: int) -> Iterator[tuple[int, int, int]]:
    """What stands in the nest of that number, if there is one in this one."""
    for number, first, last in tlv.walk(message, start, end) if end - start >= 4 else ():
        if number == wanted:
            yield from tlv.walk(message, first, last)


def test_modes_that_are_advertised_are_taken_by_name_and_put_back(netns: str) -> None:
    subprocess.run(["ip", "tuntap", "add", "tap1", "mode", "tap"], check=True)
    with LinuxKernel() as kernel:
        before = kernel.snapshot({"link"}).hardware["tap1"]
        new = {"autoneg": True, "advertise": ("1000baseT/Full", "Autoneg", "25000baseKR/Full")}
        op = SetHardware("tap1", "link", new, {"autoneg": False, "advertise": ()})
        kernel.execute([op])
        assert kernel.snapshot({"link"}).hardware["tap1"].settings["link"] == new
        kernel.execute([op.inverse()])
        assert kernel.snapshot({"link"}).hardware["tap1"] == before


def test_the_kernel_has_the_names_of_modes(netns: str) -> None:
    with genetlink.socket() as through:
        family = genetlink.family(through, FAMILY)
        header = genetlink.HEADER.pack(codec.STRINGS, family.version)
        data, start, end = through.ask(family.id, header + codec.names_request(codec.LISTS["link"]))
        assert codec.read_names(data, start + genetlink.HEADER.size, end)[: len(MODES)] == MODES
