"""The first hop that is broken is named, whatever the way and whatever else is broken behind it."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as some

from netkernel.conntrack import Flow, Tracking
from netkernel.dropped import Dropped
from netkernel.frozen import replace
from netkernel.stations import Station
from tests.unit.vmnet.doctor.ways import BREAKS, MAC, NETNS, OTHER, PORT, link, on_node, on_pod, well, with_link
from vmnet.doctor import walk
from vmnet.doctor.evidence import Case, Side
from vmnet.doctor.walk import Diagnosis, walked
from vmnet.transcript import Line, OfTap

NAMES = list(BREAKS)


def broken(case: Case, name: str) -> Case:
    """With that done to it; not a case at all where it cannot be."""
    _, applies, change = BREAKS[name]
    assume(applies(case))
    return change(case)


def wrong(case: Case) -> list[str]:
    return [each.hop for each in walked(case) if each.wrong]


@given(well())
def test_nothing_is_wrong_with_a_guest_that_is_well(case: Case) -> None:
    assert wrong(case) == []
    assert all(each.command for each in walked(case))


@given(well(), some.sampled_from(NAMES))
def test_a_broken_hop_is_named_and_those_before_it_are_well(case: Case, name: str) -> None:
    before = [each.hop for each in walked(case)]
    (hop,) = wrong(broken(case, name))
    assert hop.startswith(BREAKS[name][0])
    found = [each.hop for each in walked(broken(case, name))]
    assert found[:-1] == before[: len(found) - 1]


@given(well(), some.lists(some.sampled_from(NAMES[1:]), min_size=2, max_size=4, unique=True))
def test_of_several_broken_hops_the_first_is_named(case: Case, names: list[str]) -> None:
    assume(not {"pod link's carrier", "peer down"} <= {*names})  # one end that is down is why the other has no carrier
    for name in names:
        case = broken(case, name)
    (hop,) = wrong(case)
    assert hop.startswith(BREAKS[min(names, key=NAMES.index)][0])


@given(well(), some.sampled_from(NAMES))
def test_a_command_names_the_namespace_in_which_it_shows_something(case: Case, name: str) -> None:
    case = broken(case, name)
    (finding,) = [each for each in walked(case) if each.wrong]
    is_inside = finding.command.startswith(f"nsenter --net={NETNS} ")
    on_the_node = ("node", "rules about", "forwarding of the node", "conntrack of the node", "VLANs of br1", "uplink")
    assert is_inside == (not finding.hop.startswith(on_the_node) and "node-veth passes" not in finding.wrong)


@given(well())
def test_what_breaks_nothing_is_only_noted(case: Case) -> None:
    odd = (Dropped("bridge vmnet-tap1", "past-us", "answered by vmnet serve", 99),)
    flows = (Flow("10.0.2.2", "192.0.2.9", 17, 53, False),)
    seen = (Station(case.wiring.tap, MAC), Station(case.wiring.tap, OTHER))
    case = on_pod(case, lambda side: replace(side, dropped=odd, stations=seen, tracking=Tracking(1, 9, 4, flows)))
    case = on_node(case, lambda side: replace(side, dropped=(Dropped("bridge nat", "c", "", 2),)))
    case = on_node(case, lambda side: with_link(side, "wire1", carrier=False))
    assert wrong(case) == []
    noted = {each.hop: each.noted for each in walked(case) if each.noted}
    assert noted["rules of the NIC"] == "dropped 99 frames: answered by vmnet serve"
    assert noted["guest"] == f"speaks as {OTHER} as well"
    assert noted["rules about node-veth"] == "dropped 2 frames: chain c"


@given(well())
def test_a_spoofed_frame_among_many_is_noted(case: Case) -> None:
    one = Dropped("bridge vmnet-tap1", "from-guest", "another MAC", PORT.received // 2 - 1)
    assert wrong(on_pod(case, lambda side: replace(side, dropped=(one,), dropped_before=(one,)))) == []


@given(well())
def test_a_guest_that_stands_by_is_said_to(case: Case) -> None:
    waits = on_pod(case, lambda side: with_link(side, case.wiring.tap, up=False))
    waits = replace(waits, seen=replace(waits.seen, stands_by=True))
    (finding,) = [each for each in walked(waits) if each.wrong]
    assert finding.wrong == "stands by: the guest runs elsewhere until `vmnet announce`"


@given(well())
def test_what_is_told_has_the_hop_the_command_and_the_transcript(case: Case) -> None:
    case = broken(case, "tap down")
    said = OfTap((Line(0.0, "DISCOVER: OFFER"),))
    told = "\n".join(walk.lines(Diagnosis("nic-0", walked(case), said)))
    tap = case.wiring.tap
    assert told.startswith(f"nic-0: tap {tap} is where it stops\n  ok     wires\n  BROKEN tap {tap}: is down\n")
    assert f"         see: nsenter --net={NETNS} ip -d link show dev {tap}\n" in told
    assert told.endswith(" DISCOVER: OFFER")
    assert walk.plain(Diagnosis("nic-0", walked(case), said))["broken"] == f"tap {tap}"


@given(well())
def test_one_uplink_that_works_is_enough(case: Case) -> None:
    assume(case.node_bridge)
    second = link("wire9", "", 30, "br1")

    def with_second(side: Side) -> Side:
        passes = {**side.host.vlans, "wire9": side.host.vlans["bond1"]}
        return replace(side, host=replace(side.host, links={**side.host.links, "wire9": second}, vlans=passes))

    down = on_node(case, lambda side: with_link(with_second(side), "bond1", carrier=False))
    assert wrong(down) == []
    noted = {each.hop: each.noted for each in walked(down)}
    assert noted["uplink bond1 and wire9"] == "bond1 has no carrier (wire1 is up)"
    (hop,) = wrong(on_node(down, lambda side: with_link(side, "wire9", up=False)))
    assert hop == "uplink bond1 and wire9"
