"""The picture of a host: where boxes and lines are, and what a real browser makes of it."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import browser
from netkernel.frozen import replace
from netkernel.host import Host
from nncp_agent.cli.picture.arrange import MANY, arrange
from nncp_agent.cli.picture.blocks import Block, Box, Frame
from tests.unit.cli.command import NODE, Still, link, nncp

SVG = "{http://www.w3.org/2000/svg}"
NAMES = [f"link{number}" for number in range(40)]

graphs = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3, unique=True), min_size=1
).map(lambda below: {name: [each for each in below[name] if each in below and each != name] for name in below})
"""Any names on any others, loops and all."""
sizes = st.tuples(st.floats(20, 400), st.floats(20, 120))


@given(st.data())
def test_no_box_is_lost_and_none_stands_on_another(data: st.DataObject) -> None:
    below = data.draw(graphs)
    plan = arrange(below, {name: data.draw(sizes) for name in below})
    assert sorted(box.name for box in plan.boxes) == sorted(below)
    assert not [(one.name, two.name) for one, two in combinations(plan.boxes, 2) if overlap(one, two)]
    for box in plan.boxes:
        assert -0.01 <= box.x <= plan.width - box.width + 0.01
        assert -0.01 <= box.y <= plan.height - box.height + 0.01


@given(st.data())
def test_a_line_goes_from_the_right_of_one_part_to_the_left_of_another(data: st.DataObject) -> None:
    below = data.draw(graphs)
    plan = arrange(below, {name: data.draw(sizes) for name in below})
    parts = [*plan.boxes, *plan.frames]
    for line in plan.lines:
        (x, y), (to_x, to_y) = line.points[0], line.points[-1]
        assert any(near(part.x + part.width, x) and near(part.y + part.height / 2, y) for part in parts)
        assert any(near(part.x, to_x) and near(part.y + part.height / 2, to_y) for part in parts)
        assert x < to_x


def test_ports_are_left_of_what_they_are_ports_of() -> None:
    plan = arrange({"br1": ["bond1"], "bond1": ["eth2", "eth3"], "eth2": [], "eth3": []}, fixed("br1 bond1 eth2 eth3"))
    at = {box.name: (box.x, box.y) for box in plan.boxes}
    assert at["eth2"][0] == at["eth3"][0] < at["bond1"][0] < at["br1"][0]
    assert at["bond1"][1] == at["br1"][1] == (at["eth2"][1] + at["eth3"][1]) / 2
    assert len(plan.lines) == 3


def test_many_of_a_sort_share_a_frame_and_a_line() -> None:
    vlans = [f"eth0.{number}" for number in range(MANY)]
    plan = arrange({**{name: ["eth0"] for name in vlans}, "eth0": []}, fixed(" ".join([*vlans, "eth0"])))
    (frame,) = plan.frames
    assert [box.name for box in plan.boxes if inside(box, frame)] == vlans
    assert len(plan.lines) == 1


def test_the_uplink_of_a_bridge_is_not_hidden_among_its_guests() -> None:
    taps = [f"tap{number}" for number in range(MANY)]
    below = {"br1": ["bond1", *taps], "bond1": ["eth2", "eth3"], "eth2": [], "eth3": [], **{tap: [] for tap in taps}}
    plan = arrange(below, fixed(" ".join(below)))
    (frame,) = plan.frames
    assert sorted(box.name for box in plan.boxes if inside(box, frame)) == sorted(taps)


def test_it_is_xml_that_says_what_the_tree_says(tmp_path: Path) -> None:
    result = nncp("show", "-o", "svg", kernel=Still(NODE), state_dir=tmp_path)
    texts = [[text.text for text in group.iter(f"{SVG}text")] for group in interfaces(result.out)]
    assert (result.code, result.err) == (0, "")
    assert ["bond0.40", "vlan, id 40", "up", "10.40.0.11/24", "2001:db8:40::11/64"] in texts
    assert ["eth1", "ethernet", "up, no carrier"] in texts
    assert ["tap1", "tun", "ignore", "owned by vmnet"] in texts


def test_a_name_cannot_leave_its_box(tmp_path: Path) -> None:
    evil = "</text><script>"
    host = replace(NODE, links={**NODE.links, evil: link(evil, 20)})
    out = nncp("show", "-o", "svg", kernel=Still(host), state_dir=tmp_path).out
    assert evil in [next(group.iter(f"{SVG}text")).text for group in interfaces(out)]
    assert "<script" not in out


def test_only_those_asked_for_are_drawn(tmp_path: Path) -> None:
    out = nncp("show", "-o", "svg", "bond0", "eth0", kernel=Still(NODE), state_dir=tmp_path).out
    assert sorted(next(group.iter(f"{SVG}text")).text for group in interfaces(out)) == ["bond0", "eth0"]


def large() -> Host:
    """Two hundred interfaces: VLANs, bridges over some of them, a bridge full of guests, dummies that lie about."""
    links = [link(f"eth{n}", 10 + n, master="bond1") for n in range(2)]
    links += [link("bond1", 20, "bond", mode="802.3ad"), link("br1", 21, "bridge", vlan_filtering=1)]
    links += [link(f"bond1.{n}", 100 + n, "vlan", link="bond1", id=n, protocol="802.1q") for n in range(100, 170)]
    links += [link(f"br{n}", 300 + n, "bridge") for n in range(100, 130)]
    links = [replace(x, attrs={**x.attrs, "master": f"br{x.attrs['id']}"}) if has_a_bridge(x) else x for x in links]
    links += [link(f"veth{n:08x}", 500 + n, "veth", master="br1", netnsid=n, carrier=n % 7 != 0) for n in range(60)]
    links += [link(f"dummy{n}", 600 + n, "dummy", up=n % 2 == 0) for n in range(36)]
    return Host(links={each.name: each for each in links})


def has_a_bridge(link: Any) -> bool:
    return link.kind == "vlan" and link.attrs["id"] < 130


@pytest.mark.parametrize(("host", "count"), [(NODE, len(NODE.links)), (large(), 200)], ids=["few", "many"])
def test_a_browser_draws_each_interface_once_and_nothing_over_another(host: Host, count: int, tmp_path: Path) -> None:
    file = tmp_path / "node.svg"
    file.write_text(nncp("show", "-o", "svg", kernel=Still(host), state_dir=tmp_path).out)
    drawn = [Box(*each) for each in browser.ask(file, f"{EACH}.map(g => [{NAME}, ...{BORDERS}])")]
    assert sorted(box.name for box in drawn) == sorted(host.links)
    assert len(drawn) == count
    assert not [(one.name, two.name) for one, two in combinations(drawn, 2) if overlap(one, two)]
    assert browser.ask(file, f"{EACH}.filter(g => !{HOLDS}).map(g => {NAME})") == []


EACH = "[...document.querySelectorAll('g.interface')]"
NAME = "g.querySelector('text').textContent"
BORDERS = "(b => [b.x, b.y, b.width, b.height])(g.getBBox())"
HOLDS = """(r => [...g.querySelectorAll('text')].map(t => t.getBBox()).every(
    b => b.x >= r.x && b.y >= r.y && b.x + b.width <= r.x + r.width && b.y + b.height <= r.y + r.height
))(g.querySelector('rect').getBBox())"""
"""Whether all text of an interface is within its box, measured with the fonts of this machine."""


def interfaces(out: str) -> list[Any]:
    return [group for group in ElementTree.fromstring(out).iter(f"{SVG}g") if group.get("class") == "interface"]


def fixed(names: str) -> dict[str, tuple[float, float]]:
    return dict.fromkeys(names.split(), (100.0, 40.0))


def near(one: float, other: float) -> bool:
    return abs(one - other) < 0.01


def overlap(one: Box, two: Box) -> bool:
    return (
        one.x + one.width > two.x + 0.01
        and two.x + two.width > one.x + 0.01
        and one.y + one.height > two.y + 0.01
        and two.y + two.height > one.y + 0.01
    )


def inside(box: Box, frame: Frame) -> bool:
    return (
        frame.x <= box.x <= frame.x + frame.width - box.width
        and frame.y <= box.y <= frame.y + frame.height - box.height
    )


def test_nothing_is_a_picture_too() -> None:
    assert arrange({}, {}) == Block()
