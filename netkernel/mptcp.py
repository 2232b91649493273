"""What MPTCP's path manager is set to: the addresses it may use beside others, and whether there is any MPTCP."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from netkernel import genetlink, sysctl
from netkernel.codec import mptcp as codec
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.genetlink import Family
from netkernel.host import Host
from netkernel.netlink import Socket
from netkernel.records import Endpoint
from netkernel.typed import Final

ENABLED: Final = "net/mptcp/enabled"
_NOT_FOR_US: Final = (errno.EPERM, errno.EACCES, errno.ENOENT, errno.EOPNOTSUPP)
"""The kernel was built without it, or tells only root."""


def looked_at(host: Host) -> Host:
    """`host` with `endpoints` and `mptcp`, in the calling thread's namespace. Raises NetworkError."""
    try:
        enabled = sysctl.read(ENABLED) == "1"
        with genetlink.socket() as through:
            family = genetlink.family(through, codec.FAMILY)
            names = {link.index: name for name, link in host.links.items()}
            found = endpoints(through, family, names)
            span = through.ask(family.id, genetlink.HEADER.pack(codec.GET_LIMITS, family.version))
    except KernelRefused as refused:
        if refused.errno not in _NOT_FOR_US:
            raise
        return host
    limits = codec.read_limits((span[0], span[1] + genetlink.HEADER.size, span[2]))
    return replace(host, endpoints=found, mptcp={"enabled": enabled, **limits})


def endpoints(through: Socket, family: Family, names: Mapping[int, str]) -> tuple[Endpoint, ...]:
    """All that somebody has configured, in the kernel's order. Raises NetworkError."""
    found = (codec.read(span, names) for span in genetlink.dump(through, family, codec.GET))
    return tuple(each for each in found if each is not None)
