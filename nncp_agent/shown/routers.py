"""What a link makes of router advertisements, in nmstate's words (nmstate.md 4.1) where it has some."""

from __future__ import annotations

from functools import lru_cache

from netkernel import devconf
from netkernel.records import Client, Link
from netkernel.typed import Final
from nncp_agent.shown.base import Tree

PRIVACY: Final = {0: "disabled", 1: "prefer-public", 2: "prefer-temporary"}
"""net.ipv6.conf.*.use_tempaddr (RFC 8981); -1 is a link that has no temporary addresses."""
_LOOPBACK: Final = 772
"""ARPHRD_LOOPBACK (linux/if_arp.h): nobody is behind it, whatever its settings say."""
_KERNELS_METRIC: Final = (None, 0, 1024)


def accepts_ra(link: Link) -> bool:
    """Whether the kernel makes addresses from router advertisements here (net.ipv6.conf.*.accept_ra, autoconf)."""
    return link.type != _LOOPBACK and _accepts_ra(link.conf6)


@lru_cache(maxsize=256)
def _accepts_ra(conf6: bytes) -> bool:
    """Most links of a host have the same settings."""
    accept = devconf.get(conf6, "accept_ra") or 0
    forwarding = devconf.get(conf6, "forwarding") or 0
    return bool(devconf.get(conf6, "autoconf")) and (accept == 2 or (accept == 1 and not forwarding))


def read(link: Link, listener: Client | None) -> Tree:
    """The keys of `ipv6` that are about routers; none where it does not listen to them.

    `listener` is who takes their name servers.
    """
    if not accepts_ra(link):
        return {}
    privacy, rest = _of_settings(link.conf6)
    token: Tree = {"token": link.attrs["token"]} if link.attrs.get("token") else {}
    return {**token, **privacy, "auto-dns": listener is not None, **rest}


@lru_cache(maxsize=256)
def _of_settings(conf6: bytes) -> tuple[Tree, Tree]:
    tree: Tree = {
        "auto-gateway": devconf.get(conf6, "accept_ra_defrtr") != 0,
        "auto-routes": bool(devconf.get(conf6, "accept_ra_rt_info_max_plen")),
        "auto-route-table-id": 0,
    }
    if (metric := devconf.get(conf6, "ra_defrtr_metric")) not in _KERNELS_METRIC:
        tree["auto-route-metric"] = metric
    if (privacy := devconf.get(conf6, "use_tempaddr") or 0) > 0:
        return {"privacy": PRIVACY.get(privacy, PRIVACY[2])}, tree
    return {}, tree
