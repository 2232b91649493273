"""Ops on links: made, changed, moved, and what a bridge lets through its ports."""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.ops.base import changes, word
from netkernel.records import NO_ATTRS, Attrs, VlanRange


class CreateLink(Frozen):
    """Make a link. `index` is the ifindex to take (0 lets the executor choose): a remade link gets its old one back.

    `peer_index` is that of the veth that comes with it.
    """

    name: str
    kind: str
    attrs: Attrs = NO_ATTRS
    index: int = 0
    peer_index: int = 0

    def inverse(self) -> DeleteLink:
        return DeleteLink(self.name, self.kind, self.attrs, self.index, self.peer_index)

    def __str__(self) -> str:
        attrs = "".join(f" {key}={word(value)}" for key, value in self.attrs.items())
        return f"create {self.kind} {self.name}{attrs}"


class DeleteLink(Frozen):
    """Remove a link; `attrs` is everything needed to make it again."""

    name: str
    kind: str
    attrs: Attrs = NO_ATTRS
    index: int = 0
    peer_index: int = 0

    def inverse(self) -> CreateLink:
        return CreateLink(self.name, self.kind, self.attrs, self.index, self.peer_index)

    def __str__(self) -> str:
        return f"delete {self.kind} {self.name}"


class SetLink(Frozen):
    """Change attributes of a link (keys of `link_kinds.COMMON` or of its kind). `old` has the same keys.

    Some drivers want to hear what stays, too (`LinkKind.whole`): it stands in both and in no text.
    """

    name: str
    kind: str
    new: Attrs
    old: Attrs

    def inverse(self) -> SetLink:
        return SetLink(self.name, self.kind, new=self.old, old=self.new)

    def __str__(self) -> str:
        return f"set {self.name} {changes(self.new, self.old)}"


class SetPort(Frozen):
    """Change the options its controller (a link of `controller_kind`) keeps for a port."""

    name: str
    controller_kind: str
    new: Attrs
    old: Attrs

    def inverse(self) -> SetPort:
        return SetPort(self.name, self.controller_kind, new=self.old, old=self.new)

    def __str__(self) -> str:
        return f"set {self.controller_kind} port {self.name} {changes(self.new, self.old)}"


class SetHardware(Frozen):
    """Change what a driver is set to, in one section of `ethtool`. What `old` lacks is not known: the link is new."""

    name: str
    section: str
    new: Attrs
    old: Attrs

    def inverse(self) -> SetHardware:
        return SetHardware(self.name, self.section, new=self.old, old=self.new)

    def __str__(self) -> str:
        changed = {key: value for key, value in self.new.items() if self.old.get(key) != value}  # not what goes along
        return f"set {self.name} {self.section} {changes(changed, self.old)}"


class AddVlans(Frozen):
    """Let VLANs through a bridge port, or through the bridge's own port when `link` is the bridge."""

    link: str
    vlans: VlanRange

    def inverse(self) -> DeleteVlans:
        return DeleteVlans(self.link, self.vlans)

    def __str__(self) -> str:
        return f"add vlan {self.vlans} to {self.link}"


class DeleteVlans(Frozen):
    link: str
    vlans: VlanRange

    def inverse(self) -> AddVlans:
        return AddVlans(self.link, self.vlans)

    def __str__(self) -> str:
        return f"delete vlan {self.vlans} from {self.link}"


class RenameLink(Frozen):
    """Give a link that is down another name: kernels before 6.2 refuse it for one that is up."""

    name: str
    new: str

    def inverse(self) -> RenameLink:
        return RenameLink(self.new, self.name)

    def __str__(self) -> str:
        return f"rename {self.name} to {self.new}"


class MoveLink(Frozen):
    """Move a link to another network namespace; both are paths (`/run/netns/x`, `/proc/123/ns/net`)."""

    name: str
    source: str
    target: str
    index: int = 0

    def inverse(self) -> MoveLink:
        return MoveLink(self.name, source=self.target, target=self.source, index=self.index)

    def __str__(self) -> str:
        return f"move {self.name} from {self.source} to {self.target}"
