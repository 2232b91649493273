"""What the running kernel refuses, or takes and does not report back: tried on a scratch link, once, beforehand.

A kernel answers OK to attributes it does not know, so only reading back tells. The scratch link lives in a throw-away
namespace: nothing is seen of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from netkernel import netns
from netkernel.errors import KernelRefused
from netkernel.kernel import LinuxKernel
from netkernel.link_kinds import KINDS
from netkernel.link_kinds.base import Attr, Form
from netkernel.ops import CreateLink, DeleteLink, Op, SetLink, SetPort
from netkernel.records import Attrs, Value

SCRATCH: Final = "probe"
_BELOW: Final = "probe-below"
_DELAYS: Final = frozenset({"updelay", "downdelay", "peer_notif_delay"})


def refusals(kind: str, attrs: Attrs, ports: bool = False) -> dict[str, str]:
    """The keys of `attrs` (of links of `kind`, or of their ports) that this kernel refuses, with its release and words.

    All are tried together first, as a plan makes the link: nearly always that is the answer. Else each is tried by
    itself, in the mode that `attrs` states, so that one does not hide the next; how they go together is judged
    elsewhere. References to other links are not tried. A kernel without the kind refuses it under the key "".
    """
    table = _table(kind, ports)
    tried = {key: attrs[key] for key in table if key in attrs and _can_be_tried(table[key])}
    if not tried:
        return {}
    with netns.throw_away(), LinuxKernel() as kernel:
        base = _base(kernel, kind, attrs)
        if _takes_all(kernel, base, tried, ports):
            return {}
        found = {key: reason for key, value in tried.items() if (reason := _try(kernel, base, key, value, ports))}
        if len(found) == len(tried) and (reason := _refusal(kernel, base)):
            return {"": reason}
        return found


def _table(kind: str, ports: bool) -> Mapping[str, Attr]:
    return KINDS[kind].ports if ports else KINDS[kind].attrs


def _takes_all(kernel: LinuxKernel, base: CreateLink, tried: Attrs, ports: bool) -> bool:
    """Whether the kernel makes a link with all of them at once, and says so. A link that it did make stays."""
    try:
        if ports:
            kernel.execute(_with_port(base, tried))
        else:
            kernel.execute([CreateLink(base.name, base.kind, {**base.attrs, **tried})])
        found = _found(kernel, ports)
    except KernelRefused:
        _clear(kernel, base, ports)
        return False
    table = _table(base.kind, ports)
    if all(table[key].is_kept(value, found.get(key)) for key, value in tried.items()):
        return True
    _clear(kernel, base, ports)
    return False


def _refusal(kernel: LinuxKernel, base: CreateLink) -> str:
    """Why this kernel makes no such link at all, "" when it does."""
    try:
        kernel.execute([base])
    except KernelRefused as refused:
        return _words(refused)
    _clear(kernel, base, ports=False)
    return ""


def _words(refused: KernelRefused) -> str:
    return f"kernel {os.uname().release} refuses it: {refused.reason}"


def _can_be_tried(attr: Attr) -> bool:
    return not attr.read_only and attr.form not in (Form.LINK, Form.PEER, Form.FLAG)


def _base(kernel: LinuxKernel, kind: str, attrs: Attrs) -> CreateLink:
    """The op that makes a scratch link, in the mode asked for."""
    base: dict[str, Value] = {}
    if kind == "vlan":
        kernel.execute([CreateLink(_BELOW, "bridge")])
        base = {"link": _BELOW, "id": 1}
    elif "mode" in attrs and "mode" in KINDS[kind].attrs:
        base = {"mode": attrs["mode"]}
    return CreateLink(SCRATCH, kind, base)


def _try(kernel: LinuxKernel, base: CreateLink, key: str, value: Value, ports: bool) -> str:
    """Which kernel minds, and its words; "" when it took the value and says so."""
    try:
        kernel.execute(_trial(base, key, value, ports))
        found = _found(kernel, ports).get(key)
    except KernelRefused as refused:
        return _words(refused)
    finally:
        _clear(kernel, base, ports)
    if found is None:
        return f"kernel {os.uname().release} does not know it"
    kept = _table(base.kind, ports)[key].is_kept(value, found)
    return "" if kept else f"kernel {os.uname().release} makes {found} of it"


def _trial(base: CreateLink, key: str, value: Value, ports: bool) -> list[Op]:
    if ports:
        return _with_port(base, {key: value})
    if key in base.attrs or key in KINDS[base.kind].fixed:
        return [CreateLink(base.name, base.kind, {**base.attrs, key: value})]
    new = {"miimon": 1, key: value} if key in _DELAYS else {key: value}
    return [base, SetLink(SCRATCH, base.kind, new, {})]


def _with_port(base: CreateLink, settings: Attrs) -> list[Op]:
    port = CreateLink(_BELOW, "dummy", {"master": SCRATCH})
    return [base, port, SetPort(_BELOW, base.kind, settings, {})]


def _found(kernel: LinuxKernel, ports: bool) -> Attrs:
    link = kernel.overview(()).links[_BELOW if ports else SCRATCH]
    return link.port if ports else link.attrs


def _clear(kernel: LinuxKernel, base: CreateLink, ports: bool) -> None:
    there = kernel.overview(()).links
    leftover = [DeleteLink(SCRATCH, base.kind)] if SCRATCH in there else []
    leftover += [DeleteLink(_BELOW, "dummy")] if ports and _BELOW in there else []
    kernel.execute(leftover)
