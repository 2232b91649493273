"""The conversation with the kernel, against a kernel that misbehaves on purpose."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import netlink, tlv
from netkernel.errors import AnswerLost, DumpInterrupted, KernelRefused, MalformedMessage
from netkernel.netlink import DONE, DUMP_INTERRUPTED, ERROR, HEADER, Message, Socket

Frame = tuple[int, int, int, bytes]
"""Type, flags, sequence number, payload."""


def frame(kind: int, flags: int, sequence: int, payload: bytes = b"") -> bytes:
    padded = payload + bytes(-len(payload) & 3)
    return HEADER.pack(HEADER.size + len(payload), kind, flags, sequence, 0) + padded


def verdict(number: int, words: str = "") -> bytes:
    """An NLMSG_ERROR payload as the kernel writes it with NETLINK_CAP_ACK."""
    return struct.pack("=i", -number) + bytes(HEADER.size) + (tlv.text(1, words) if words else b"")


class Fake:
    """A kernel that answers each send with what `answer` says: reads to come, each bytes or an exception."""

    def __init__(self, answer: Callable[[list[Frame]], list[bytes | OSError]]) -> None:
        self.answer = answer
        self.sent: list[list[Frame]] = []
        self.reads: list[bytes | OSError] = []
        self.sender = 0

    def send(self, data: bytes, /) -> int:
        frames = [(kind, flags, seq, data[a:b]) for kind, flags, seq, a, b in netlink.frames(data)]
        self.sent.append(frames)
        self.reads += self.answer(frames)
        return len(data)

    def recvmsg(self, size: int, ancillary: int, flags: int, /) -> tuple[bytes, Any, int, Any]:
        read = self.reads.pop(0) if self.reads else BlockingIOError(errno.EAGAIN, "nothing")
        if isinstance(read, OSError):
            raise read
        return read, [], socket.MSG_TRUNC if len(read) > size else 0, (self.sender, 0)

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


def talk(answer: Callable[[list[Frame]], list[bytes | OSError]]) -> tuple[Socket, Fake]:
    fake = Fake(answer)
    return Socket(fake), fake


MESSAGES = [Message(16, 0, bytes(16)), Message(20, 0, bytes(8)), Message(24, 0, b"abc")]


def test_only_the_last_message_of_a_batch_asks_for_an_answer() -> None:
    conversation, fake = talk(lambda sent: [frame(ERROR, 0x100, sent[-1][2], verdict(0))])
    assert conversation.write(MESSAGES) == {}
    assert [flags & netlink.ACK for _, flags, _, _ in fake.sent[0]] == [0, 0, netlink.ACK]
    assert all(flags & netlink.REQUEST for _, flags, _, _ in fake.sent[0])


def test_refusals_are_told_apart_by_sequence_number_with_the_kernels_own_words() -> None:
    def answer(sent: list[Frame]) -> list[bytes | OSError]:
        first = frame(ERROR, 0x300, sent[0][2], verdict(errno.EINVAL, "bridge: Pvid isn't allowed in a range"))
        return [first + frame(ERROR, 0x100, sent[2][2], verdict(errno.EEXIST))]

    conversation, _ = talk(answer)
    refused = conversation.write(MESSAGES)
    assert {position: said.errno for position, said in refused.items()} == {0: errno.EINVAL, 2: errno.EEXIST}
    assert refused[0].reason == "bridge: Pvid isn't allowed in a range"
    assert refused[2].reason == "File exists"


def test_answers_to_an_earlier_request_are_passed_over() -> None:
    def answer(sent: list[Frame]) -> list[bytes | OSError]:
        stale = frame(ERROR, 0x100, (sent[0][2] - 5) & 0xFFFFFFFF, verdict(errno.EPERM))
        return [stale, stale + frame(ERROR, 0x100, sent[-1][2], verdict(0))]

    conversation, _ = talk(answer)
    assert conversation.write(MESSAGES) == {}


def test_words_are_found_behind_an_echoed_request() -> None:
    echoed = frame(16, 5, 77, b"x" * 30)
    payload = struct.pack("=i", -errno.EBUSY) + echoed + tlv.text(1, "the bond is up")
    said = netlink.refusal(payload, 0x200, 0, len(payload))
    assert said == netlink.Refusal(errno.EBUSY, "the bond is up")


@pytest.mark.parametrize("overrun", [OSError(errno.ENOBUFS, "no buffers"), BlockingIOError(errno.EAGAIN, "nothing")])
def test_lost_answers_are_not_taken_for_success(overrun: OSError) -> None:
    conversation, _ = talk(lambda sent: [overrun])
    with pytest.raises(AnswerLost):
        conversation.write(MESSAGES)
    with pytest.raises(AnswerLost):
        conversation.dump(18, b"")


def test_the_conversation_goes_on_after_lost_answers() -> None:
    answers: Iterator[list[bytes | OSError]] = iter([[OSError(errno.ENOBUFS, "no buffers")], []])

    def answer(sent: list[Frame]) -> list[bytes | OSError]:
        return next(answers) or [frame(ERROR, 0x100, sent[-1][2], verdict(0))]

    conversation, _ = talk(answer)
    with pytest.raises(AnswerLost):
        conversation.write(MESSAGES)
    assert conversation.write(MESSAGES) == {}


@pytest.mark.parametrize("on_done", [False, True])
def test_a_disturbed_dump_is_made_again(on_done: bool) -> None:
    disturbances = iter([DUMP_INTERRUPTED, DUMP_INTERRUPTED, 0])

    def answer(sent: list[Frame]) -> list[bytes | OSError]:
        flags, sequence = next(disturbances), sent[0][2]
        body = frame(16, 2 if on_done else 2 | flags, sequence, b"link")
        return [body, frame(DONE, 2 | flags if on_done else 2, sequence, bytes(4))]

    conversation, fake = talk(answer)
    [(data, start, end)] = conversation.dump(18, b"")
    assert data[start:end] == b"link"
    assert len(fake.sent) == 3


def test_a_dump_that_never_stands_still_is_given_up() -> None:
    conversation, _ = talk(lambda sent: [frame(DONE, 2 | DUMP_INTERRUPTED, sent[0][2], bytes(4))])
    with pytest.raises(DumpInterrupted):
        conversation.dump(18, b"")


def test_a_dump_that_breaks_off_half_way_is_an_error() -> None:
    def answer(sent: list[Frame]) -> list[bytes | OSError]:
        sequence = sent[0][2]
        return [frame(16, 2, sequence, b"link"), frame(DONE, 2, sequence, struct.pack("=i", -errno.EMSGSIZE))]

    conversation, _ = talk(answer)
    with pytest.raises(KernelRefused) as refused:
        conversation.dump(18, b"")
    assert refused.value.errno == errno.EMSGSIZE


def test_a_message_from_another_process_is_not_the_kernels() -> None:
    conversation, fake = talk(lambda sent: [frame(ERROR, 0x100, sent[-1][2], verdict(0))])
    fake.sender = 4711
    with pytest.raises(AnswerLost):
        conversation.write(MESSAGES)


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_hostile_answers_end_in_an_error_of_ours(reads: list[bytes]) -> None:
    conversation, _ = talk(lambda sent: list(reads))
    for ask in (
        lambda: conversation.write(MESSAGES),
        lambda: conversation.dump(18, b""),
        lambda: conversation.ask(18, b""),
    ):
        with pytest.raises((AnswerLost, MalformedMessage)):
            ask()


@given(st.sampled_from([ERROR, DONE, 16]), st.integers(0, 0xFFFF), st.binary(max_size=60))
def test_a_hostile_answer_with_the_right_number_ends(kind: int, flags: int, payload: bytes) -> None:
    conversation, _ = talk(lambda sent: [frame(kind, flags, sent[-1][2], payload)])
    for ask in (
        lambda: conversation.write(MESSAGES),
        lambda: conversation.dump(18, b""),
        lambda: conversation.ask(18, b""),
    ):
        try:
            ask()
        except (AnswerLost, MalformedMessage, KernelRefused, DumpInterrupted):
            continue


@given(st.binary(max_size=100))
def test_any_bytes_are_framed_to_an_end_or_called_malformed(data: bytes) -> None:
    try:
        found = list(netlink.frames(data))
    except MalformedMessage:
        return
    assert all(start <= end <= len(data) for *_, start, end in found)
