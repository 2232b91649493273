"""Which attachments a runtime still has: what GC is told (`cni.dev/valid-attachments`, CNI specification 1.1.0)."""

from __future__ import annotations

from cni.skel import Call
from cni.types import go_json
from cni.types.errors import UNDECODABLE, CniError
from cni.types.go_json import Misfit, Several, Structure, Text
from netkernel.typed import Final

_KEY: Final = "cni.dev/valid-attachments"
_SHAPE: Final = Structure(
    "NetConf",
    {_KEY: Several(Structure("GCAttachment", {"containerID": Text(), "ifname": Text()}), "[]types.GCAttachment")},
)


def valid_attachments(call: Call) -> frozenset[tuple[str, str]] | None:
    """(container id, interface) of each; None when the key is missing, which must not be taken for an empty list.

    Raises CniError for a list that is none.
    """
    try:
        found = go_json.fitted(call.config, _SHAPE).get(_KEY)
    except Misfit as misfit:
        raise CniError(UNDECODABLE, f"failed to load netconf: {misfit}", misfit.where) from None
    if found is None:
        return None
    return frozenset((each.get("containerID", ""), each.get("ifname", "")) for each in found)
