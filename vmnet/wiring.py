"""Which link of the pod belongs to which NIC, and what the links around it are called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from netkernel.frozen import Frozen
from vmnet import names
from vmnet.errors import PodUnfit
from vmnet.vm import MASQUERADE, TAP, Nic, Vm


class Wiring(Frozen):
    """A NIC and its pod link. `position` counts the VM's NICs from 0."""

    nic: Nic
    position: int
    link: str

    @property
    def bridge(self) -> str:
        return names.bridge(self.link)

    @property
    def renamed(self) -> str:
        """What the pod's link is called while a bridge has it."""
        return names.renamed(self.link)

    @property
    def tap(self) -> str:
        """The link that the guest gets: with binding tap it is the pod's own."""
        return self.link if self.nic.binding == TAP else names.tap(self.link, self.nic.network.is_primary)

    @property
    def takes_link(self) -> bool:
        """Whether the pod's link becomes a port of the bridge, and a dummy takes its name."""
        return self.nic.binding not in (TAP, MASQUERADE)


def wirings(
    vm: Vm, links: Collection[str], given: Mapping[str, str] | None = None, primary: str = names.PRIMARY
) -> tuple[Wiring, ...]:
    """Of every NIC, the absent ones too; `given` says for some which link they are on, `primary` that of the pod.

    Raises PodUnfit for a name that leaves no room for those around it. Whether the links are there is not asked.
    """
    is_ordinal = names.are_ordinal(links)
    found = tuple(_wirings(vm, is_ordinal, given or {}, primary))
    longest = names.LONGEST_PRIMARY
    if lacking := [
        f"{each.nic.name}: the pod's link {each.link!r} has {len(each.link.encode())} bytes: "
        f"k6t-… and …-nic have room for {longest} (Linux takes {names.LONGEST})"
        for each in found
        if each.nic.binding != TAP and len(each.renamed.encode()) > names.LONGEST
    ]:
        raise PodUnfit(lacking)
    return found


def _wirings(vm: Vm, is_ordinal: bool, given: Mapping[str, str], primary: str) -> Iterator[Wiring]:
    secondary = 0
    for position, nic in enumerate(vm.nics):
        if nic.network.is_primary:
            link = primary
        else:
            secondary += 1
            link = names.ordinal(secondary) if is_ordinal else names.hashed(nic.name)
        yield Wiring(nic, position, given.get(nic.name, link))
