"""What a policy can say in `ip-tunnel`: nmstate's keys and GRE's."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from nncp_agent.model import U8, U32, LinkNameOrNone, Model
from nncp_agent.shown.tunnels import FLOW_LABEL
from nncp_agent.spelling import Canonical, ip_or_empty

IpOrNone = Annotated[str, Canonical(ip_or_empty)]
FlowLabel = Annotated[int, Meta(ge=0, le=FLOW_LABEL)]


class IpTunnelConfig(Model, frozen=True):
    """`ip-tunnel` of an interface."""

    hint = "a mapping like {mode: ipip, local: 192.0.2.1, remote: 192.0.2.2}"

    base_iface: LinkNameOrNone | None = None
    encap_limit: U8 | None = None
    flow_label: FlowLabel | None = None
    fwmark: U32 | None = None
    input_key: U32 | None = None
    ip6tun_flags: (
        tuple[
            Literal[
                "ign-encap-limit", "use-orig-tclass", "use-orig-flowlabel", "mip6-dev", "rcv-dscp-copy",
                "use-orig-fw-mark", "allow-local-remote", "cap-xmit", "cap-rcv", "cap-per-packet",
            ],
            ...,
        ]
        | None
    ) = None  # fmt: skip
    local: IpOrNone | None = None
    mode: (
        Literal[
            "gre", "gretap", "ip6gre", "ip6gretap", "ip6ip6", "ip6tnl-any", "ipip", "ipip-any",
            "ipip-mpls", "ipip6", "sit", "sit-any", "sit-ipip", "sit-mpls",
        ]
        | None
    ) = None  # fmt: skip
    output_key: U32 | None = None
    pmtu_disc: bool | None = None
    remote: IpOrNone | None = None
    tos: U8 | None = None
    ttl: U8 | None = None
