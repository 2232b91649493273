"""What a client sends and what it gets, as bytes; the protocol is told in `cni.client`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from struct import Struct

from cni.skel import Answer
from netkernel.frozen import Frozen
from netkernel.mounts import View
from netkernel.typed import Final

MAGIC: Final = b"nncp"
_HEAD: Final = Struct("=4sII")
_ANSWER: Final = Struct("=BII")
MOST_WORDS: Final = 512 << 10
MOST_STDIN: Final = 1 << 20
"""Bytes. What is larger is no pod's configuration, or is done by the client itself."""
LARGEST: Final = _HEAD.size + MOST_WORDS + MOST_STDIN
DESCRIPTORS: Final = 4
"""And a fifth where the pod's namespace could be opened."""
MOST_DESCRIPTORS: Final = 5


class Unacceptable(Exception):
    """It is no request, or none that we would do: the client is left to itself."""


class Request(Frozen):
    """A call as a client handed it over. `descriptors` are in the protocol's order; who has the request closes them."""

    plugin: str
    environment: Mapping[str, str]
    stdin: bytes
    descriptors: Sequence[int]

    @property
    def command(self) -> str:
        return self.environment.get("CNI_COMMAND", "")

    @property
    def attachment(self) -> tuple[str, str]:
        """Container and interface: calls about one attachment are done one after the other."""
        return self.environment.get("CNI_CONTAINERID", ""), self.environment.get("CNI_IFNAME", "")

    @property
    def token(self) -> int:
        return self.descriptors[0]

    @property
    def home(self) -> int:
        """The network namespace that the client stands in."""
        return self.descriptors[1]

    @property
    def view(self) -> View:
        return View(self.descriptors[2], self.descriptors[3])

    @property
    def namespace(self) -> str:
        """A path by which this process opens CNI_NETNS; one that does not exist where the client found none."""
        if not self.environment.get("CNI_NETNS"):
            return ""
        return f"/proc/self/fd/{self.descriptors[4] if len(self.descriptors) > DESCRIPTORS else 'none'}"


def missing(received: bytes | bytearray) -> int:
    """How many bytes are still to come, at least. Raises Unacceptable."""
    if len(received) < _HEAD.size:
        if not MAGIC.startswith(bytes(received[: len(MAGIC)])):
            raise Unacceptable("it does not begin as a request does")
        return _HEAD.size - len(received)
    magic, words, stdin = _HEAD.unpack_from(received)
    if magic != MAGIC or words > MOST_WORDS or stdin > MOST_STDIN:
        raise Unacceptable(f"a request of {words} bytes of words and {stdin} of stdin")
    left: int = _HEAD.size + words + stdin - len(received)
    if left < 0:
        raise Unacceptable(f"{-left} bytes behind a request")
    return left


def read(received: bytes | bytearray, descriptors: Sequence[int]) -> Request:
    """The request that has come as a whole. Raises Unacceptable."""
    _, length, _ = _HEAD.unpack_from(received)
    raw = bytes(received)
    words = raw[_HEAD.size : _HEAD.size + length]
    if not words.endswith(b"\0"):
        raise Unacceptable("words without an end")
    if not DESCRIPTORS <= len(descriptors) <= MOST_DESCRIPTORS:
        raise Unacceptable(f"{len(descriptors)} descriptors")
    plugin, *variables = words[:-1].split(b"\0")
    pairs = (each.partition(b"=") for each in variables)
    environment = {os.fsdecode(key): os.fsdecode(value) for key, _, value in pairs}
    return Request(os.fsdecode(plugin), environment, raw[_HEAD.size + length :], tuple(descriptors))


def written(answer: Answer) -> bytes:
    return _ANSWER.pack(answer.status, len(answer.stdout), len(answer.stderr)) + answer.stdout + answer.stderr
