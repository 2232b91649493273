"""dummy: a link that leads nowhere and can hold addresses."""

from nncp_agent.kinds.base import Kind


class Dummy(Kind):
    name = "dummy"
    link_kinds = ("dummy",)
