"""veth: linux/veth.h. Created with its peer; deleting one end deletes both."""

from netkernel.link_kinds.base import Attr, Form, LinkKind

KIND = LinkKind(name="veth", attrs={"peer": Attr(1, Form.PEER)}, fixed=frozenset({"peer"}), mtus=(68, 65535))
