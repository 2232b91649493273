"""Words and numbers of the schema, and what of them is taken."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from netkernel.ethtool import WAKE_WORDS
from nncp_agent.spelling import (
    Canonical,
    Words,
    feature,
    ip_address,
    ip_token,
    lifetime,
    link_name,
    link_reference,
    link_reference_or_none,
    mac_address,
    pci_address,
)

_ADDR_GEN_MODES = ("eui64", "stable-privacy", "other")
_PRIVACY = ("disabled", "prefer-public", "prefer-temporary")
_ROUTE_TYPES = ("blackhole", "unreachable", "prohibit")
_FAMILIES = ("ipv4", "ipv6")
_IDENTIFIERS = ("name", "mac-address", "pci-address", "driver", "alt-name")
_ABSENT = ("absent",)
_DUPLEX = ("full", "half")
_VLAN_PROTOCOLS = ("802.1q", "802.1ad")
_MPTCP_FLAGS = ("signal", "subflow", "backup", "fullmesh")
_WAIT_IP = ("any", "ipv4", "ipv6", "ipv4+ipv6")
_FEC = ("auto", "off", "rs", "baser", "llrs")

U8 = Annotated[int, Meta(ge=0, le=255)]
U16 = Annotated[int, Meta(ge=0, le=65535)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
U64 = Annotated[int, Meta(ge=0, le=2**64 - 1)]
VlanId = Annotated[int, Meta(ge=0, le=4094)]
NewName = Annotated[str, Canonical(link_name), Meta(min_length=1, max_length=15)]
"""The kernel's own name of a link."""
LinkName = Annotated[str, Canonical(link_reference), Meta(min_length=1, max_length=127)]
"""Whatever a link is called: its name, one of its alternative names, or what a policy calls it."""
LinkNameOrNone = Annotated[str, Canonical(link_reference_or_none), Meta(max_length=127)]
"""A link's name, or "" for no link (`controller`, `primary`)."""
Mac = Annotated[str, Canonical(mac_address), Meta(pattern="^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$")]
PciAddress = Annotated[str, Canonical(pci_address)]
Ip = Annotated[str, Canonical(ip_address)]
Lifetime = Annotated[str, Canonical(lifetime, numbers=True), Meta(extra_json_schema={"type": ["string", "integer"]})]
"""`3600sec` or `forever`."""
Duplex = Annotated[str, Words(_DUPLEX), Meta(extra_json_schema={"enum": [*_DUPLEX]})]
VlanProtocol = Annotated[str, Words(_VLAN_PROTOCOLS), Meta(extra_json_schema={"enum": [*_VLAN_PROTOCOLS]})]
WaitIp = Annotated[str, Words(_WAIT_IP), Meta(extra_json_schema={"enum": [*_WAIT_IP]})]
FecWord = Annotated[str, Words(_FEC), Meta(extra_json_schema={"enum": [*_FEC]})]
WakeWord = Annotated[str, Words(WAKE_WORDS), Meta(extra_json_schema={"enum": [*WAKE_WORDS]})]
MptcpFlag = Annotated[str, Words(_MPTCP_FLAGS), Meta(extra_json_schema={"enum": [*_MPTCP_FLAGS]})]
FeatureName = Annotated[str, Canonical(feature)]
AddrGenMode = Annotated[str, Words(_ADDR_GEN_MODES), Meta(extra_json_schema={"enum": [*_ADDR_GEN_MODES]})]
Token = Annotated[str, Canonical(ip_token)]
Privacy = Annotated[str, Words(_PRIVACY), Meta(extra_json_schema={"enum": [*_PRIVACY]})]
RouteType = Annotated[str, Words(_ROUTE_TYPES), Meta(extra_json_schema={"enum": [*_ROUTE_TYPES]})]
Family = Annotated[str, Words(_FAMILIES), Meta(extra_json_schema={"enum": [*_FAMILIES]})]
Absent = Annotated[str, Words(_ABSENT), Meta(extra_json_schema={"enum": [*_ABSENT]})]
Identifier = Annotated[str, Words(_IDENTIFIERS), Meta(extra_json_schema={"enum": [*_IDENTIFIERS]})]


class State(StrEnum):
    """`state` of an interface (nmstate.md 5.2); UNKNOWN is only ever shown."""

    UP = "up"
    DOWN = "down"
    ABSENT = "absent"
    IGNORE = "ignore"
    UNKNOWN = "unknown"
