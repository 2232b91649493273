"""FILE… and stdin into documents; all that is wrong with any of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netkernel.documents import LARGEST, Document, Unreadable, read
from nncp_agent.cli.call import Call
from nncp_agent.cli.words import Usage
from nncp_agent.errors import InvalidPolicy, Problem


class NoDocument(InvalidPolicy):
    """A file that holds neither a policy nor a state, nor anything else that can be read."""


def documents(call: Call, paths: Sequence[str]) -> tuple[Document, ...]:
    """What the files hold; without any what stdin does, unless that is a terminal. Raises Usage, NoDocument."""
    found: list[Document] = []
    problems: list[Problem] = []
    for source, text in texts(call, paths):
        try:
            several = read(text, source)
        except Unreadable as error:
            problems.append(Problem("", error.message, error.source, error.line))
            continue
        found += several
        if not several:
            problems.append(Problem("", "empty: wanted a policy or a network state", source))
    if problems:
        raise NoDocument(problems)
    return tuple(found)


def texts(call: Call, paths: Sequence[str]) -> list[tuple[str, bytes]]:
    """What the files hold, by their names; without any what stdin does, unless that is a terminal. Raises Usage."""
    if not paths and call.world.stdin.isatty():
        raise Usage(f"nncp {call.options.verb}: no FILE, and nothing on stdin")
    return list(_texts(call, paths or ["-"]))


def _texts(call: Call, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for path in dict.fromkeys(paths):
        if path == "-":
            yield "stdin", call.world.stdin.read(LARGEST + 1)
            continue
        try:
            with open(path, "rb") as file:
                yield path, file.read(LARGEST + 1)
        except IsADirectoryError:
            raise Usage(f"{path}: a directory: name its files, as in {path.rstrip('/')}/*.yaml") from None
        except OSError as error:
            raise Usage(f"{path}: cannot read it: {error.strerror}") from None
        except ValueError:  # a NUL in the name
            raise Usage(f"{path!r}: no such file") from None
