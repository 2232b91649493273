"""The per-link IPv6 settings as the kernel reports them in one array (linux/ipv6.h DEVCONF_*, IFLA_INET6_CONF).

Names are those of the files below net/ipv6/conf/LINK/. Only entries that are written and read back as the same plain
number take part. Left out: `mtu`, which follows the link's; `addr_gen_mode`, which is an attribute of the link;
`mc_forwarding`, which is read only; `stable_secret`, which is never reported; `seg6_require_hmac`, which few kernels
have; `ioam6_id_wide`, which is unsigned; and router_solicitation_{interval,max_interval,delay} and
`router_probe_interval`, which are written in seconds and reported in milliseconds.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache

from netkernel.typed import Final

UNSTATED: Final = -(2**31)
"""An entry that nobody states. The kernel's own values never reach it."""

NAMES: Final[Mapping[str, int]] = {
    "forwarding": 0,
    "hop_limit": 1,
    "accept_ra": 3,
    "accept_redirects": 4,
    "autoconf": 5,
    "dad_transmits": 6,
    "router_solicitations": 7,
    "use_tempaddr": 10,
    "temp_valid_lft": 11,
    "temp_prefered_lft": 12,
    "regen_max_retry": 13,
    "max_desync_factor": 14,
    "max_addresses": 15,
    "force_mld_version": 16,
    "accept_ra_defrtr": 17,
    "accept_ra_pinfo": 18,
    "accept_ra_rtr_pref": 19,
    "accept_ra_rt_info_max_plen": 21,
    "proxy_ndp": 22,
    "optimistic_dad": 23,
    "accept_source_route": 24,
    "disable_ipv6": 26,
    "accept_dad": 27,
    "force_tllao": 28,
    "ndisc_notify": 29,
    "mldv1_unsolicited_report_interval": 30,
    "mldv2_unsolicited_report_interval": 31,
    "suppress_frag_ndisc": 32,
    "accept_ra_from_local": 33,
    "use_optimistic": 34,
    "accept_ra_mtu": 35,
    "use_oif_addrs_only": 37,
    "accept_ra_min_hop_limit": 38,
    "ignore_routes_with_linkdown": 39,
    "drop_unicast_in_l2_multicast": 40,
    "drop_unsolicited_na": 41,
    "keep_addr_on_down": 42,
    "seg6_enabled": 44,
    "enhanced_dad": 46,
    "disable_policy": 48,
    "accept_ra_rt_info_min_plen": 49,
    "ndisc_tclass": 50,
    "rpl_seg_enabled": 51,
    "ra_defrtr_metric": 52,
    "ioam6_enabled": 53,
    "ioam6_id": 54,
    "ndisc_evict_nocarrier": 56,
    "accept_untracked_na": 57,
    "accept_ra_min_lft": 58,
    "force_forwarding": 59,
}
"""Where each stands in the array; the order only grows (it is kernel ABI)."""

_ENTRY: Final = struct.Struct("=i")
_NOBODYS: Final = _ENTRY.pack(UNSTATED)
_PLACES: Final = frozenset(NAMES.values())
_LENGTH: Final = max(_PLACES) + 1


def get(conf: bytes, name: str) -> int | None:
    """One value; None when this kernel has no such entry, or nobody stated it. Raises KeyError for an unknown name."""
    place = NAMES[name] * 4
    if place + 4 > len(conf):
        return None
    (value,) = _ENTRY.unpack_from(conf, place)
    return None if value == UNSTATED else int(value)


def sparse(values: Mapping[str, int]) -> bytes:
    """An array that states only `values`. Raises KeyError for an unknown name."""
    return overlay(b"", values)


def overlay(conf: bytes, values: Mapping[str, int]) -> bytes:
    """`conf` with `values` written over it, made longer where they stand beyond its end."""
    if not values:
        return conf
    written = bytearray(conf[: len(conf) & ~3])
    for name, value in values.items():
        place = NAMES[name] * 4
        if place >= len(written):
            written += _NOBODYS * (place // 4 + 1 - len(written) // 4)
        _ENTRY.pack_into(written, place, value)
    return bytes(written)


def stated(conf: bytes) -> dict[str, int]:
    """All the values an array states."""
    return {name: value for name in NAMES if (value := get(conf, name)) is not None}


@lru_cache(maxsize=4096)
def comparable(conf: bytes) -> bytes:
    """The kernel's array with the entries that take no part UNSTATED, so that equal bytes mean equal settings."""
    count = min(len(conf) // 4, _LENGTH)
    entries = struct.unpack_from(f"={count}i", conf)
    kept = (value if place in _PLACES else UNSTATED for place, value in enumerate(entries))
    return struct.pack(f"={count}i", *kept)
