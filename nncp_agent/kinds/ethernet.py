"""ethernet: a NIC. Nobody creates or deletes one; a policy that is done with it leaves it up and bare."""

from nncp_agent.kinds.base import Kind


class Ethernet(Kind):
    name = "ethernet"
    family = "nic"
    link_kinds = ("",)
    is_virtual = False
