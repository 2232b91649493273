"""Problems while a document is read: each found where it stands, in words a user can search for, all collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from nncp_agent.errors import Problem

Path = tuple[str | int, ...]
"""Keys and positions from the top of a document."""

MOST: Final = 200
"""Problems in one report; whoever sends megabytes of nonsense gets no megabytes back."""
_LONGEST: Final = 40


class Document(Protocol):
    """What is read of a `netkernel.documents.Document`."""

    @property
    def value(self) -> object: ...
    @property
    def source(self) -> str: ...
    def line(self, path: Sequence[str | int], /) -> int | None: ...


class Unfit(Exception):
    """A value that is not what its key wants; the message says so and the reader above knows where.

    The message may be made late: guessing a word costs more than reading an interface, and most reports are full early.
    """

    def __init__(self, message: str | Callable[[], str]) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message if isinstance(self.message, str) else self.message()


class Report:
    """The problems and notes of one command's documents."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.left_out = 0
        self.document: Document | None = None

    def problem(self, path: Path, message: str | Unfit) -> None:
        """Something in the present document is wrong at `path`."""
        if len(self.problems) >= MOST:
            self.left_out += 1
            return
        document = self.document
        if document is None:
            self.problems.append(Problem(dotted((), path), str(message)))
            return
        line = document.line(path)
        self.problems.append(Problem(dotted(document.value, path), str(message), document.source, line))

    def note(self, path: Path, message: str) -> None:
        """Something in the present document is accepted and means less than it says."""
        if len(self.notes) < MOST:
            self.notes.append(f"{dotted(self.document.value if self.document else (), path)}: {message}")

    def unknown(self, path: Path, key: object, allowed: Iterable[str], what: str = "key") -> None:
        """A key nobody knows, with the one that was probably meant."""
        words = sorted(allowed) if len(self.problems) < MOST else []
        self.problem((*path, key if isinstance(key, (str, int)) else str(key)), f"unknown {what}; {meant(key, words)}")

    def found(self) -> list[Problem]:
        """The problems, and how many more there would be."""
        more = [Problem("", f"and {self.left_out} more problems", count=self.left_out)] if self.left_out else []
        return [*self.problems, *more]


def meant(found: object, words: Sequence[str]) -> str:
    """`did you mean 'miimon'?`, or the words to choose from."""
    from difflib import get_close_matches  # late: only what is misspelt needs it

    plain = {each.lower(): each for each in words}
    close = get_close_matches(str(found)[:_LONGEST].lower(), plain, 1, 0.6)
    if close:
        return f"did you mean '{plain[close[0]]}'?"
    return f"wanted one of {', '.join(words)}" if len(words) <= 40 else "wanted a word this place has"


def shown(value: object) -> str:
    """A value as an error message shows it: short, on one line."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a mapping" if value else "an empty mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case str():
            text = value if value.isprintable() else repr(value)[1:-1]
            return f"'{text}'" if len(text) <= _LONGEST else f"'{text[: _LONGEST - 1]}…'"
        case int() if abs(value) >= 10**_LONGEST:
            return "a very large number"
        case _:
            return str(value)[:_LONGEST]


def dotted(tree: object, path: Path) -> str:
    """`bond1: link-aggregation.options.miimon`: the interface's name first, list items by name where they have one."""
    owner, words = "", ""
    for key in path:
        tree, item = _step(tree, key)
        if isinstance(key, str):
            words += f".{_printable(key)}" if words else _printable(key)
            continue
        name = item.get("name") if isinstance(item, dict) else None
        label = _printable(name) if isinstance(name, str) and name else None
        if label is not None and (words == "interfaces" or words.endswith(".interfaces")):
            owner, words = label, ""
        else:
            words += f"[{label or key}]"
    return f"{owner}: {words}" if owner and words else owner or words


def _step(tree: object, key: str | int) -> tuple[object, object]:
    inner: object = None
    if isinstance(tree, dict):
        inner = tree.get(key)
    elif isinstance(tree, list) and isinstance(key, int) and key < len(tree):
        inner = tree[key]
    return inner, inner


def _printable(text: str) -> str:
    return shown(text)[1:-1]
