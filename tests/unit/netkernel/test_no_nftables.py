"""A kernel without nf_tables has no table, and refuses to make one with words."""

from __future__ import annotations

import errno
import socket

import pytest

from netkernel import nftables as nft
from netkernel.errors import KernelRefused
from netkernel.netlink import ERROR, HEADER
from netkernel.nftables import BRIDGE, Nftables

OF = (BRIDGE, "nat")


def no_such_protocol(protocol: int) -> socket.socket:
    raise OSError(errno.EPROTONOSUPPORT, f"protocol {protocol}")


class Netfilter:
    """nfnetlink, to which no part of that name has come."""

    def __init__(self, protocol: int) -> None:
        self._sent = b""

    def send(self, data: bytes, /) -> int:
        self._sent = data
        return len(data)

    def recvmsg(self, size: int, ancillary: int, flags: int, /) -> tuple[bytes, list[object], int, tuple[int, int]]:
        echoed = self._sent[: HEADER.size]
        sequence = HEADER.unpack(echoed)[3]
        said = (-errno.EINVAL).to_bytes(4, "little", signed=True) + echoed
        return HEADER.pack(HEADER.size + len(said), ERROR, 0, sequence, 0) + said, [], 0, (0, 0)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        return


@pytest.mark.parametrize("wire", [no_such_protocol, Netfilter])
def test_there_is_nothing_and_nothing_can_be_made(wire: type[Netfilter]) -> None:
    with Nftables(wire) as door:
        assert door.rules(*OF, "PREROUTING") == []
        assert door.chains(*OF) == []
        assert not door.has_table(*OF)
        assert not door.has_chain(*OF, "PREROUTING")
        assert door.table_comment(*OF) is None
        with pytest.raises(KernelRefused, match="this kernel has no nf_tables"):
            door.commit([nft.table(*OF)])
