"""veth: linux/veth.h. Created with its peer; deleting one end deletes both.

`peer_netns` is the name of the namespace that the peer is in, "" for the link's own; it is known where `peers` looked.
"""

from netkernel.link_kinds.base import Attr, Form, LinkKind

KIND = LinkKind(
    name="veth",
    attrs={"peer": Attr(1, Form.PEER), "peer_netns": Attr(1, Form.PEER)},
    fixed=frozenset({"peer", "peer_netns"}),
    mtus=(68, 65535),
)
