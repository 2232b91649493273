"""Files into one desired state, with the notes on what of them does not count here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from netkernel.host import Host
from nncp_agent import policy, wire
from nncp_agent.cli import files
from nncp_agent.cli.call import Call
from nncp_agent.errors import InvalidPolicy


def read(call: Call, paths: Sequence[str]) -> wire.Decoded:
    """All documents of all files as one. Raises Usage, InvalidPolicy."""
    decoded = understood(call, paths)
    if decoded.problems:
        raise InvalidPolicy(decoded.problems)
    return decoded


def understood(call: Call, paths: Sequence[str]) -> wire.Decoded:
    """As `read` for who goes on to `whole.refuse`: what is wrong with the words is in `problems`. Raises Usage."""
    documents = files.documents(call, paths)
    if not policy.may_ask(documents):
        return _noted(call, wire.read(documents))
    from nncp_agent.cli import asked  # late: most policies ask nothing

    resolution = asked.resolved(call, documents)
    decoded = wire.read(resolution.documents)
    asked.refuse(resolution, decoded.problems)
    return _noted(call, decoded)


def unasked(call: Call, paths: Sequence[str]) -> wire.Decoded | None:
    """As `understood`, without a host; None when only a host could tell. Raises Usage, InvalidPolicy."""
    documents = files.documents(call, paths)
    if not policy.may_ask(documents):
        return _noted(call, wire.read(documents))
    from nncp_agent.cli import asked  # late: most policies ask nothing

    resolution = asked.unasked(call, documents)
    decoded = None if resolution.needs_host else wire.read(resolution.documents)
    asked.refuse(resolution, decoded.problems if decoded else ())
    return _noted(call, decoded) if decoded else None


def note(call: Call, decoded: wire.Decoded, host: Host | None) -> None:
    """Say what of the documents does not count on `host`, or on any."""
    for each in decoded.notes_on(host):
        call.say(f"note: {each}")


def _noted(call: Call, decoded: wire.Decoded) -> wire.Decoded:
    for each in decoded.notes:
        call.say(f"note: {each}")
    return decoded


@contextmanager
def located(decoded: wire.Decoded) -> Iterator[None]:
    """Problems that the engine finds in the block say in which file and line they stand."""
    try:
        yield
    except InvalidPolicy as error:
        raise InvalidPolicy(decoded.located(error.problems)) from error


def count(number: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
