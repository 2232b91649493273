"""The words of `typing`, for modules that every command loads: at run time they mean nothing and cost nothing.

`typing` takes 3 ms to import, and annotations are never evaluated here (PEP 563). To a type checker these are its own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, ClassVar, Final, NoReturn, Protocol, Self, TextIO, TypeVar, dataclass_transform
else:

    class Word:
        """Any of them; `Final[int]` is one, too."""

        def __class_getitem__(cls, item):
            return cls

    Any = BinaryIO = ClassVar = Final = NoReturn = Protocol = Self = TextIO = Word

    def TypeVar(name, **limits):
        """Stands in annotations only."""
        return Word

    def dataclass_transform(**words):
        """Says how a class behaves, and changes nothing about it."""
        return lambda cls: cls


__all__ = [
    "TYPE_CHECKING", "Any", "BinaryIO", "ClassVar", "Final", "NoReturn", "Protocol", "Self", "TextIO", "TypeVar",
    "dataclass_transform",
]  # fmt: skip
