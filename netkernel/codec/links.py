"""Changes of links: RTM_NEWLINK and RTM_DELLINK (linux/if_link.h, net/core/rtnetlink.c). Reading is in `shapes`."""

from __future__ import annotations

from collections.abc import Iterable

from netkernel import tlv
from netkernel.codec import forms
from netkernel.codec.forms import IndexOf
from netkernel.codec.shapes import (
    AF_SPEC,
    HEADER,
    INET6,
    KIND,
    KIND_DATA,
    LINK_INFO,
    NAME,
    PORT_DATA,
    PORT_KIND,
)
from netkernel.link_kinds import COMMON, KINDS
from netkernel.link_kinds.base import LinkKind
from netkernel.netlink import CREATE, EXCLUSIVE, Message
from netkernel.records import Attrs, Value
from netkernel.typed import Final

NEW: Final = 16
DELETE: Final = 17
_NEW_NAMES, _DELETE_NAMES = 108, 109  # RTM_NEWLINKPROP, RTM_DELLINKPROP

_GROUP, _NET_NS_FD, _NEW_INDEX = 27, 28, 49
_PEER: Final = 1  # VETH_INFO_PEER (linux/veth.h)
_FLAGS: Final = ("up", "promisc", "allmulti")
_INET6: Final = ("token", "addr_gen_mode")
_OWN_MESSAGE: Final = frozenset({*_FLAGS, *_INET6, "altnames"})
_PLAIN: Final = {key: attr for key, attr in COMMON.items() if key not in _OWN_MESSAGE}
_IGNORED_AT_CREATE: Final = ("alias", *_INET6)


def create(
    name: str,
    kind: str,
    attrs: Attrs,
    index_of: IndexOf,
    *,
    index: int,
    peer_index: int = 0,
    peer_namespace: int | None = None,
) -> list[Message]:
    """The messages that make a link, to go in one send; those after the first find it by `index`.

    `peer_namespace` is an open descriptor of that of a veth's peer, which is down there: a veth that is not yet joined
    to anything refuses to be born up.

    The kernel ignores an alias at creation and refuses an addr_gen_mode, so these follow, and the controller and IFF_UP
    after them: a stamped link is never seen in use without its stamp, and no link-local address is made in the wrong
    mode. A bond takes no port that is up, therefore IFF_UP never goes with a controller. Raises ValueError.
    """
    late = {key: attrs[key] for key in _IGNORED_AT_CREATE if attrs.get(key)}
    joins = {"master": attrs["master"]} if attrs.get("master") else {}
    flags = {key: attrs[key] for key in _FLAGS if attrs.get(key)}
    early: dict[str, Value] = {
        key: value for key, value in attrs.items() if key not in late and key not in _FLAGS and value not in ("", ())
    }
    if late:
        early.pop("master", None)
    wait = bool(late or joins)
    parts = [tlv.text(NAME, name), *forms.pack(_PLAIN, early, index_of)]
    parts.append(_link_info(_kind(kind), early, index_of, _peer(attrs, peer_index, peer_namespace)))
    messages = [Message(NEW, CREATE | EXCLUSIVE, _header(index, {} if wait else flags) + b"".join(parts))]
    messages += change(kind, late, index_of, index=index) if late else []
    messages += change(kind, joins, index_of, index=index) if late and joins else []
    messages += change(kind, flags, index_of, index=index) if wait and flags else []
    return messages + names(attrs, {}, index)


def change(kind: str, new: Attrs, index_of: IndexOf, *, index: int) -> list[Message]:
    """The messages that set attributes of a link. Going down comes first, because many options want the link down.

    Within a message the kernel sets the kind's options, then address, MTU, group, alias, controller and flags. The
    addr_gen_mode goes before, so that a link coming up makes its link-local address accordingly. Raises ValueError.
    """
    messages = []
    flags = {key: new[key] for key in _FLAGS if key in new}
    if flags.get("up") is False and len(new) > 1:
        messages.append(Message(NEW, 0, _header(index, {"up": flags.pop("up")})))
    if inet6 := forms.pack({key: COMMON[key] for key in _INET6}, new, index_of):
        messages.append(Message(NEW, 0, _header(index, {}) + tlv.nest(AF_SPEC, tlv.nest(INET6, *inet6))))
    parts = forms.pack(_PLAIN, new, index_of)
    if kind and any(key in _kind(kind).attrs for key in new):
        # what is not said is nothing there, and some drivers refuse to hear it
        said = {key: value for key, value in new.items() if value != ""} if _kind(kind).whole else new
        parts.append(_link_info(_kind(kind), said, index_of))
    if flags or parts:
        messages.append(Message(NEW, 0, _header(index, flags) + b"".join(parts)))
    return messages


def furnish(kind: str, attrs: Attrs, index_of: IndexOf, *, index: int) -> list[Message]:
    """What netlink still has to say to a link that was made by another door, in the order of `create`."""
    own = KINDS[kind].attrs
    said = {
        key: value for key, value in attrs.items() if key not in own and key not in _FLAGS and value not in ("", ())
    }
    joins = {"master": said.pop("master")} if "master" in said else {}
    flags = {key: attrs[key] for key in _FLAGS if attrs.get(key)}
    parts = [change(kind, part, index_of, index=index) for part in (said, joins, flags) if part]
    return [message for messages in parts for message in messages] + names(attrs, {}, index)


def names(new: Attrs, old: Attrs, index: int) -> list[Message]:
    """The messages that make alternative names of `old` those of `new`; none where `new` says nothing about them."""
    if "altnames" not in new:
        return []
    wanted, known = (set[str](each.get("altnames") or ()) for each in (new, old))  # type: ignore[arg-type]  # lists
    changes = ((_DELETE_NAMES, known - wanted), (_NEW_NAMES, wanted - known))
    return [Message(kind, 0, _header(index, {}) + _listed(these)) for kind, these in changes if these]


def _listed(altnames: Iterable[str]) -> bytes:
    (packed,) = forms.pack({"altnames": COMMON["altnames"]}, {"altnames": tuple(sorted(altnames))}, _no_index)
    return packed


def _no_index(name: str) -> int:
    raise ValueError(f"{name} is no link of a list of names")


def change_port(controller_kind: str, new: Attrs, index_of: IndexOf, *, index: int) -> Message:
    """Set the options a controller keeps for its port. Raises ValueError."""
    data = forms.pack(_kind(controller_kind).ports, new, index_of)
    info = tlv.nest(LINK_INFO, _ascii(PORT_KIND, controller_kind), tlv.nest(PORT_DATA, *data))
    return Message(NEW, 0, _header(index, {}) + info)


def rename(index: int, name: str) -> Message:
    return Message(NEW, 0, _header(index, {}) + tlv.text(NAME, name))


def delete(index: int) -> Message:
    return Message(DELETE, 0, _header(index, {}))


def set_group(index: int, group: int) -> Message:
    return Message(NEW, 0, _header(index, {}) + tlv.u32(_GROUP, group))


def delete_group(group: int) -> Message:
    """Every link of a group at once. The kernel prefers an index or a name to the group, so there is none."""
    return Message(DELETE, 0, _header(0, {}) + tlv.u32(_GROUP, group))


def move(index: int, namespace: int, new_index: int = 0) -> Message:
    """Into the namespace of an open file descriptor; `new_index` is the ifindex to take there, 0 lets the kernel."""
    parts = [tlv.u32(_NET_NS_FD, namespace), tlv.s32(_NEW_INDEX, new_index) if new_index else b""]
    return Message(NEW, 0, _header(index, {}) + b"".join(parts))


def _header(index: int, flags: Attrs) -> bytes:
    """Always with the mask of what changes: a mask of 0 means all flags."""
    mask = on = 0
    for key, value in flags.items():
        mask |= COMMON[key].bit
        on |= COMMON[key].bit if value else 0
    return HEADER.pack(0, 0, index, on, mask)


def _kind(name: str) -> LinkKind:
    return KINDS.get(name) or LinkKind(name)


def _link_info(kind: LinkKind, attrs: Attrs, index_of: IndexOf, peer: Iterable[bytes] = ()) -> bytes:
    data = [*forms.pack(kind.attrs, attrs, index_of), *peer]
    return tlv.nest(LINK_INFO, _ascii(KIND, kind.name), *([tlv.nest(KIND_DATA, *data)] if data else []))


def _peer(attrs: Attrs, index: int, namespace: int | None) -> list[bytes]:
    name = tlv.text(NAME, str(attrs["peer"])) if attrs.get("peer") else b""
    if name and namespace is not None:
        return [tlv.nest(_PEER, HEADER.pack(0, 0, 0, 0, 0), name, tlv.u32(_NET_NS_FD, namespace))]
    return [tlv.nest(_PEER, HEADER.pack(0, 0, index, 0, 0), name)] if name else []


def _ascii(number: int, word: str) -> bytes:
    return tlv.attribute(number, word.encode())
