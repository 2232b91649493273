"""Sockets for whole packets of one link (packet(7)), with a filter in the kernel (classic BPF): who listens for a few
packets is not woken by all those of a busy link."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import Final

Program = Sequence[tuple[int, int, int, int]]
"""Instructions as code, jt, jf, k (struct sock_filter, linux/filter.h)."""
TAKE: Final = 0x6, 0, 0, 65536
DROP: Final = 0x6, 0, 0, 0
SOL_PACKET: Final = 263
_ATTACH_FILTER: Final = 26  # SO_ATTACH_FILTER
_INSTRUCTION: Final = struct.Struct("=HBBI")


def opened(link: str, ethertype: int, program: Program, kind: int = socket.SOCK_DGRAM) -> socket.socket:
    """It does not block, and hears nothing before its filter is in place; with SOCK_RAW packets begin with the Ethernet
    header, and so does what the filter sees. A link that is down is no error. Raises OSError."""
    made = socket.socket(socket.AF_PACKET, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        code = b"".join(_INSTRUCTION.pack(*each) for each in program)
        held = ctypes.create_string_buffer(code, len(code))
        made.setsockopt(
            socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HxxxxxxP", len(program), ctypes.addressof(held))
        )  # fmt: skip
        made.bind((link, ethertype))
    except BaseException:
        made.close()
        raise
    return made
