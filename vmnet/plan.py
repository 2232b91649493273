"""The ops that wire a VM's NICs, and those that put the pod back; both go on from wherever another one stopped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.ops import CreateLink, DeleteLink, Op, RenameLink, SetLink, WriteSysctl
from netkernel.reconcile import reconcile
from netkernel.records import Link
from netkernel.ruleset import Table
from netkernel.simulation import perform
from vmnet import frame_rules, masquerade
from vmnet.addressing import global_addresses, guest_mac, inside
from vmnet.errors import PodUnfit
from vmnet.frame_rules import Guarded
from vmnet.kept import Kept, Taken
from vmnet.masquerade import Masqueraded
from vmnet.target import Giving, bridge, is_ours, settings, target
from vmnet.vm import BRIDGE, MACVTAP, MASQUERADE, TAP, TUN, Vm
from vmnet.wiring import Wiring


class Plan(Frozen):
    """What there is to do: `tables` come before `ops`, so that nothing is forwarded that no rule has seen."""

    ops: tuple[Op, ...] = ()
    tables: tuple[Table, ...] = ()


def begun(
    pod: Host, vm: Vm, wirings: Iterable[Wiring], kept: Kept | None, namespace: str, standby: bool = False
) -> Kept:
    """What is taken of the pod once `wirings` are there: of those begun before, as they were then.

    What stands by does so until it is announced. Raises PodUnfit with everything the pod lacks.
    """
    has_begun = kept is not None and any(each.bridge in pod.links for each in kept.taken)
    before = kept.taken if kept and has_begun else ()
    known = {each.nic: each for each in before}
    stands_by = kept.standby if kept and has_begun else standby
    lacking = [f"{vm.name}: it runs here already: its NICs cannot stand by"] if standby and not stands_by else []
    for wiring in wirings:
        if wiring.nic.name not in known and wiring.nic.state != "absent":
            lacking += _lacking(pod, vm, wiring)
    if lacking:
        raise PodUnfit(lacking)
    taken = list(before)
    for wiring in wirings:
        if wiring.nic.name not in known and wiring.nic.state != "absent" and wiring.nic.binding != TAP:
            taken.append(_taken(pod, wiring))
    return Kept(f"{vm.namespace}/{vm.name}", namespace, tuple(taken), stands_by)


def _lacking(pod: Host, vm: Vm, wiring: Wiring) -> Iterable[str]:
    name, link = wiring.nic.name, pod.links.get(wiring.link)
    if link is None:
        there = ", ".join(sorted(each for each in pod.links if each != "lo")) or "none"
        yield f"{name}: the pod has no link {wiring.link!r} (it has {there}): CNI has not attached it, or calls it else"
        return
    if wiring.nic.binding == TAP:
        yield from _lacking_of_plugin(vm, wiring, link)
        return
    if link.master:
        yield f"{name}: {wiring.link} is a port of {link.master!r} already"
    if link.kind in ("macvlan", "ipvlan") and wiring.takes_link:
        yield f"{name}: {wiring.link} is a {link.kind}: it takes no frames for other MACs; use masquerade, or a bridge"
    for each in (wiring.bridge, wiring.tap):
        if each in pod.links and not is_ours(pod.links[each]):
            yield f"{name}: there is a link {each!r} that is not ours"


def _lacking_of_plugin(vm: Vm, wiring: Wiring, link: Link) -> Iterable[str]:
    """Of what is given to the guest as it is."""
    name, nic = wiring.nic.name, wiring.nic
    if link.kind not in (TUN, MACVTAP) or (link.kind == TUN and link.attrs.get("mode") != "tap"):
        found = f"a {link.kind}" if link.kind else "hardware"
        yield f"{name}: {link.name} is {found}: binding {nic.plugin} takes a tap or a macvtap"
        return
    wanted, queues = guest_mac(vm, nic, link), vm.queues(nic)
    if link.kind == MACVTAP and wanted != link.address:
        hint = "hand the guest's to CNI (`vmnet networks` does)"
        yield f"{name}: {link.name} takes frames for {link.address} only, and the guest's MAC is {wanted}: {hint}"
    if link.kind == TUN and queues > 1 and not link.attrs.get("multi_queue"):
        yield f"{name}: {link.name} has one queue, and {queues} are wanted"


def _taken(pod: Host, wiring: Wiring) -> Taken:
    name = wiring.link
    was = Host(
        links={name: pod.links[name]},
        addresses={name: pod.addresses.get(name, ())},
        routes=tuple(each for each in pod.routes if name in each.links and not each.dynamic),
    )
    taken = Taken(wiring.nic.name, name, wiring.bridge, wiring.tap, wiring.renamed, wiring.takes_link, was)
    written = {path: pod.sysctls[path] for path in settings(wiring, taken) if path in pod.sysctls}
    return replace(taken, was=replace(was, sysctls=written))


def _is_of(setting: str, link: str) -> bool:
    return f"/{link}/" in setting


def setup(pod: Host, vm: Vm, wirings: Sequence[Wiring], kept: Kept, giving: Giving) -> Plan:
    """What is still to be done. Nothing when all of it is there."""
    wired = [
        (wiring, taken) for wiring in wirings if (taken := kept.of(wiring.nic.name)) and wiring.nic.state != "absent"
    ]
    gone = [each for each in kept.taken if each.nic not in {wiring.nic.name for wiring, _ in wired}]
    ops = list(_back(pod, gone))
    host = _after(pod, ops)
    for wiring, taken in wired:
        ops_now = list(_prelude(host, vm, wiring, taken))
        host = _after(host, ops_now)
        ops += ops_now
    ops += reconcile(host, target(host, vm, wired, replace(giving, standby=kept.standby)))
    return Plan(tuple(ops), tuple(tables(vm, wired)))


def teardown(pod: Host, kept: Kept) -> Plan:
    """What is still to be done until the pod is as CNI made it."""
    return Plan(tuple(_back(pod, kept.taken)))


def tables(vm: Vm, wired: Iterable[tuple[Wiring, Taken]]) -> Iterable[Table]:
    """Of all NICs that are wired."""
    for wiring, taken in wired:
        guarded = _guarded(vm, wiring, taken)
        if guarded.is_needed:
            yield frame_rules.table(guarded)
        if wiring.nic.binding != MASQUERADE:
            continue
        families = [family for family in (4, 6) if global_addresses(taken.was, wiring.link, family)]
        if families:
            yield masquerade.table(
                Masqueraded(
                    link=wiring.link,
                    bridge=wiring.bridge,
                    addresses=tuple(each.ip for f in families for each in global_addresses(taken.was, wiring.link, f)),
                    inside=tuple(inside(wiring.nic, family) for family in families),
                    ports=(*wiring.nic.ports, *wiring.nic.port_ranges),
                    istio=vm.istio,
                )
            )


def _guarded(vm: Vm, wiring: Wiring, taken: Taken) -> Guarded:
    nic, was = wiring.nic, taken.was
    families = [family for family in (4, 6) if global_addresses(was, wiring.link, family)]
    if nic.binding == MASQUERADE:
        addresses = tuple(inside(nic, family).guest for family in families)
    else:
        addresses = tuple(each.ip for family in families for each in global_addresses(was, wiring.link, family))
    return Guarded(
        tap=wiring.tap,
        mac=guest_mac(vm, nic, was.links[wiring.link]),
        mode=nic.anti_spoof,
        addresses=addresses,
        serves=nic.binding == BRIDGE and 4 in families,
        send_kbps=nic.rate.send,
        receive_kbps=nic.rate.receive,
    )


def _prelude(host: Host, vm: Vm, wiring: Wiring, taken: Taken) -> Iterable[Op]:
    """The bridge, before all else; then the pod's link gives its name away."""
    if wiring.bridge not in host.links:
        made = bridge(vm, wiring, taken)
        yield CreateLink(made.name, made.kind, made.attrs)
        for path, value in settings(wiring, taken).items():
            if _is_of(path, wiring.bridge):
                yield WriteSysctl(path, new=value, old="0")
    if wiring.takes_link and wiring.renamed not in host.links and wiring.link in host.links:
        yield from _renamed(host, wiring.link, wiring.renamed)


def _renamed(host: Host, name: str, new: str) -> Iterable[Op]:
    link = host.links[name]
    if link.up:
        yield SetLink(name, link.kind, {"up": False}, {"up": True})
    yield RenameLink(name, new)


def _back(pod: Host, taken: Sequence[Taken]) -> Iterable[Op]:
    """Names first, then everything else, and the bridges last."""
    host, ops = pod, []
    for each in taken:
        names = list(_names_back(host, each))
        host = _after(host, names)
        ops += names
    ops += reconcile(host, _as_before(host, taken), exact=True)
    yield from ops
    host = _after(host, ops[len(ops) :])
    for each in taken:
        if (link := pod.links.get(each.bridge)) is not None:
            yield DeleteLink(link.name, link.kind, link.attrs, link.index)


def _names_back(host: Host, taken: Taken) -> Iterable[Op]:
    if not taken.takes_link:
        return
    keeper = host.links.get(taken.link)
    if keeper is not None and is_ours(keeper):
        yield DeleteLink(keeper.name, keeper.kind, keeper.attrs, keeper.index)
    if taken.renamed in host.links and (keeper is None or is_ours(keeper)):
        port = host.links[taken.renamed]
        if port.master:
            yield SetLink(port.name, port.kind, {"master": ""}, {"master": port.master})
        yield from _renamed(host, taken.renamed, taken.link)


def _as_before(host: Host, taken: Sequence[Taken]) -> Host:
    links, addresses, routes = dict(host.links), dict(host.addresses), list(host.routes)
    sysctls = dict(host.sysctls)
    for each in taken:
        links.pop(each.tap, None)
        was = each.was
        if each.link in links:
            links[each.link] = replace(was.links[each.link], index=links[each.link].index)
            addresses[each.link] = was.addresses.get(each.link, ())
            routes += [route for route in was.routes if route not in routes]
            sysctls |= was.sysctls
        addresses.pop(each.bridge, None)
        addresses.pop(each.tap, None)
    return replace(host, links=links, addresses=addresses, routes=tuple(routes), sysctls=sysctls)


def _after(host: Host, ops: Iterable[Op]) -> Host:
    for op in ops:
        host = perform(host, op)
    return host
