"""Plain values as YAML that every reader takes the same way, whichever of 1.1 and 1.2 it speaks.

Our own writer because what `show` prints is only mappings, lists, text and numbers: it takes a fraction of the time of
PyYAML's, whose import alone costs more.
"""

from __future__ import annotations

import json
import re
from typing import Final

_SAFE: Final = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./+:@%=,-]*(?: [A-Za-z0-9_./+@%=,(-][A-Za-z0-9_./+:@%=,()>-]*)*")
_TYPED: Final = re.compile(
    r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])*(\.[0-9_]*)?"  # integers, octals, sexagesimals, floats of 1.1
    r"|[-+]?(?=[0-9_.])[0-9_]*\.?[0-9_]*([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)"
    r"|0[xob][0-9a-fA-F_]+|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
    r"|true|false|yes|no|on|off|y|n|null|nan",
    re.IGNORECASE,
)
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def write(value: object) -> str:
    """`value` as one YAML document, ending with a newline."""
    writer = _Writer()
    writer.add(value, "", "")
    return "".join(writer.lines)


class _Writer:
    """Collects lines; a state says few different words many times, so each is judged once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._known: dict[str, str] = {}

    def add(self, value: object, first: str, indent: str) -> None:
        """Lines for `value`, the first after `first`, the others after `indent`."""
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                name = f"{first}{self._scalar(str(key))}:"
                if inner and isinstance(inner, dict):
                    self.lines.append(f"{name}\n")
                    self.add(inner, f"{indent}  ", f"{indent}  ")
                elif inner and isinstance(inner, list | tuple):
                    self.lines.append(f"{name}\n")
                    self.add(inner, indent, indent)
                else:
                    self.lines.append(f"{name} {self._scalar(inner)}\n")
                first = indent
        elif isinstance(value, list | tuple) and value:
            for inner in value:
                self.add(inner, f"{first}- ", f"{indent}  ")
                first = indent
        else:
            self.lines.append(f"{first}{self._scalar(value)}\n")

    def _scalar(self, value: object) -> str:
        if isinstance(value, str):
            if value not in self._known:
                self._known[value] = _text(value)
            return self._known[value]
        if isinstance(value, dict):
            return "{}"
        if isinstance(value, list | tuple):
            return "[]"
        return json.dumps(value)


def _text(text: str) -> str:
    if _SAFE.fullmatch(text) and not text.endswith(":") and not _TYPED.fullmatch(text) and ": " not in text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
