"""Plain command lines without argparse: options written in full, each value a word of its own.

A verb states its arguments once, as for argparse; here they are only noted. Whatever is not plain (`--find=x`, `-qv`,
help, a mistake) is left to argparse, which has the words for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.typed import Any, Final
from nncp_agent.cli.words import COMMON, VERBS, Options, load

_FLAGS: Final = {"-v": "verbose", "--verbose": "verbose", "-q": "quiet", "--quiet": "quiet"}
_CHEAP: Final = (None, int)
"""Types whose refusal needs no words of argparse."""


class _Argument:
    """One argument as a verb states it; `kind` is argparse's action."""

    def __init__(self, name: str, kind: str, stated: dict[str, Any]) -> None:
        self.name = name
        self.kind = kind
        self.count = stated.get("nargs")
        self.type = stated.get("type")
        self.choices = stated.get("choices")
        self.default = False if kind == "store_true" else stated.get("default")

    def value(self, word: str) -> Any:
        """What a word says. Raises ValueError for what is not plain, or not right."""
        if self.type not in _CHEAP or (self.choices is not None and word not in self.choices):
            raise ValueError(word)
        return self.type(word) if self.type is not None else word


class _Noted:
    """Stands in for a parser while a verb states its arguments, and holds the values as they are found."""

    def __init__(self) -> None:
        self.options = {"--state-dir": _Argument("state_dir", "store", {})}
        self.positionals: list[_Argument] = []
        self.values: dict[str, Any] = {**COMMON}

    def add_argument(self, *names: str, action: str = "store", **stated: Any) -> None:
        word = next((name for name in names if name.startswith("--")), names[0])
        argument = _Argument(stated.get("dest") or word.lstrip("-").replace("-", "_"), action, stated)
        self.values[argument.name] = argument.default
        if word.startswith("-"):
            self.options |= dict.fromkeys(names, argument)
        else:
            self.positionals.append(argument)

    def add_argument_group(self, title: str) -> _Noted:
        return self

    def take(self, words: list[str]) -> str | None:
        """The first of `words` when it is no option, else None: its value is noted. Raises ValueError."""
        word = words.pop(0)
        if word in _FLAGS:
            self.values[_FLAGS[word]] += 1
        elif word in self.options:
            self._note(self.options[word], words)
        elif word.startswith("-") and word != "-":
            raise ValueError(word)
        else:
            return word
        return None

    def _note(self, option: _Argument, words: list[str]) -> None:
        if option.kind == "store_true":
            self.values[option.name] = True
            return
        if not words or words[0].startswith("-") or option.kind not in ("store", "append"):
            raise ValueError(option.name)
        value = option.value(words.pop(0))
        self.values[option.name] = [*self.values[option.name], value] if option.kind == "append" else value

    def give_out(self, words: list[str]) -> None:
        """The words that are no options, to those who take them. Raises ValueError when that does not come out even."""
        for argument in self.positionals:
            if argument.count == "*":
                self.values[argument.name] = [argument.value(word) for word in words]
                words = []
            elif words:
                self.values[argument.name] = argument.value(words.pop(0))
            elif argument.count != "?":
                raise ValueError(argument.name)
        if words:
            raise ValueError(words[0])


def parse(argv: Sequence[str]) -> Options | None:
    """The verb and its options; None for what is not plain."""
    noted, words = _Noted(), list(argv)
    verb: str | None = None
    found: list[str] = []
    try:
        while words:
            word = noted.take(words)
            if word is None:
                continue
            if verb is not None:
                found.append(word)
            elif word in VERBS:
                verb = word
                load(verb).arguments(noted)
            else:
                return None
        if verb is None:
            return None
        noted.give_out(found)
    except ValueError:
        return None
    noted.values["quiet"] = bool(noted.values["quiet"])
    return Options(verb=verb, **noted.values)
