"""Other managers of links: what they are to let go of before anything is changed, and take back when all is as it was.

A manager reads its files when it begins, and undoes what it finds different on links in its hands. So its files come
first, then it begins anew, then comes the rest; on the way back it begins anew when the rest is done.
"""

from __future__ import annotations

from collections.abc import Iterator

from netkernel.files import IFUPDOWN, NETWORK_MANAGER, NETWORKD, manager_of
from netkernel.ops import SetManager, WriteFile
from netkernel.reconcile.world import Planning
from netkernel.records import File, Manager


def let_go(planning: Planning) -> None:
    """Those that are to lose a link, and ifupdown, which runs only when it is called: its files are all there is."""
    for name in _names(planning):
        target = planning.target.managers.get(name, Manager()).holds
        if name == IFUPDOWN or planning.world.managers.get(name, Manager()).holds.keys() - target.keys():
            _begin_anew(planning, name)


def hand_back(planning: Planning) -> None:
    """The others."""
    for name in _names(planning):
        _begin_anew(planning, name)


def _names(planning: Planning) -> tuple[str, ...]:
    if planning.target.managers is planning.before.managers and planning.target.files is planning.before.files:
        return ()
    return IFUPDOWN, NETWORKD, NETWORK_MANAGER


def _begin_anew(planning: Planning, name: str) -> None:
    writes = list(_writes(planning, name))
    for write in writes:
        planning.do(write)
    old = planning.world.managers.get(name)
    if old is None:
        return
    new = planning.target.managers.get(name, old)
    lost = {link: hold for link, hold in old.holds.items() if new.holds.get(link) != hold}
    won = {link: hold for link, hold in new.holds.items() if old.holds.get(link) != hold}
    if lost or won or new.running != old.running or (writes and old.running):
        planning.do(SetManager(name, new=Manager(new.running, won), old=Manager(old.running, lost)))


def _writes(planning: Planning, name: str) -> Iterator[WriteFile]:
    for path, file in planning.target.files.items():
        if manager_of(path) == name and (had := planning.world.files.get(path, File())) != file:
            yield WriteFile(path, file, had)
