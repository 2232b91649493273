"""One DNS question and the head of its answer (RFC 1035 section 4.1): enough to know that a server answers."""

from __future__ import annotations

import struct
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen

PORT: Final = 53
NO_ERROR: Final = 0
SERVER_FAILURE: Final = 2
"""What a stub resolver on this very host says when it has lost its own servers."""
NAME_SERVER: Final = 2
"""Query type NS."""

_HEAD: Final = struct.Struct("!HHHHHH")
_RESPONSE: Final = 0x8000
_RECURSION_DESIRED: Final = 0x0100


class Question(Frozen):
    """Asks for records of `type` (default NS) of `name` ("" is the root, which every server knows about)."""

    id: int
    name: str = ""
    type: int = NAME_SERVER

    def pack(self) -> bytes:
        labels = [label.encode("idna") for label in self.name.rstrip(".").split(".") if label]
        name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
        return _HEAD.pack(self.id, _RECURSION_DESIRED, 1, 0, 0, 0) + name + struct.pack("!HH", self.type, 1)


class Answer(Frozen):
    """The head of a response: which question, and its response code."""

    id: int
    code: int


def parse(message: bytes) -> Answer:
    """The answer in `message`. Raises MalformedMessage when it is cut off or is a question."""
    if len(message) < _HEAD.size:
        raise MalformedMessage(f"DNS: {len(message)} bytes: wanted at least {_HEAD.size}")
    id, flags, *_ = _HEAD.unpack_from(message)
    if not flags & _RESPONSE:
        raise MalformedMessage("DNS: a question where an answer was wanted")
    return Answer(id, flags & 0xF)
