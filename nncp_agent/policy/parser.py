"""Words into what they ask for: a capture's expression, or what stands between `{{` and `}}`."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from netkernel.frozen import Frozen
from nncp_agent.policy.lexer import Faulty, Token, tokens

SECTIONS: Final = ("interfaces", "routes", "route-rules", "dns-resolver", "hostname", "ovs-db", "ovn")
"""Keys of a whole state."""
LISTS: Final = {"interfaces": (), "routes": ("running", "config"), "route-rules": ("running", "config")}
"""The sections whose items can be chosen and changed, and the lists each is made of."""
MOST_KEYS: Final = 32
NODE: Final = ("name", "labels", "annotations")


class Path(Frozen):
    """Where a value is: in the state, in what a capture found (`owner` "capture"), or on the node ("node")."""

    owner: str
    name: str  # of the capture
    keys: tuple[str, ...]
    at: int
    places: tuple[int, ...]  # of each of `keys`


class Text(Frozen):
    """A value as it was written; None is `null`."""

    value: str | None
    at: int


class Expression(Frozen):
    """What a capture does. `source` is the path it works on, None for all; `operator` is "", "==" or ":="."""

    text: str
    piped: Path | None
    source: Path | None
    operator: str
    value: Path | Text | None


class Reference(Frozen):
    """What a template stands for. `default` is there for what is not."""

    path: Path
    default: str | None


def expression(text: str) -> Expression:
    """A capture's expression. Raises Faulty."""
    text = text.replace("\u00a0", " ")
    words = tokens(text)
    piped, words = _piped(words)
    operators = [position for position, token in enumerate(words) if token.kind in ("==", ":=")]
    if not operators:
        return Expression(text, piped, _once(_whole(words), piped), "", None)
    first = operators[0]
    if len(operators) > 1:
        raise Faulty("a second operator, wanted one: use another capture and a pipe", words[operators[1]].at)
    source = _once(_source(words[:first], words[first]), piped)
    value = _value(words[first + 1 :], words[first])
    if words[first].kind == "==" and isinstance(value, Text) and value.value is None:
        raise Faulty("null can replace and is equal to nothing: wanted a value", value.at)
    return Expression(text, piped, source, words[first].kind, value)


def reference(text: str) -> Reference:
    """What stands in a template: a path and perhaps ` | default "…"`. Raises Faulty."""
    words = tokens(text)
    path, default = words[0], None
    if path.kind != "word":
        raise Faulty("wanted capture.NAME.…, node.name, node.labels.… or node.annotations.…", path.at)
    found = _path(path)
    if found.owner == "":
        raise Faulty(
            f"found '{path.text}', wanted capture.… or node.…{_guess(path.text, ('capture', 'node'))}", path.at
        )
    if words[1].kind == "|":
        if words[2].kind != "word" or words[2].text != "default":
            raise Faulty('after | wanted default "…"', words[2].at)
        if words[3].kind not in ("word", "text") or words[4].kind != "end":
            raise Faulty("default takes one value", words[3].at)
        default = words[3].text
    elif words[1].kind != "end":
        raise Faulty(f"found '{words[1].text}' after the path, wanted nothing or | default \"…\"", words[1].at)
    return Reference(found, default)


def _piped(words: list[Token]) -> tuple[Path | None, list[Token]]:
    """What a pipe takes its state from, and the words after it."""
    at = next((position for position, token in enumerate(words) if token.kind == "|"), None)
    if at is None:
        return None, words
    wanted = "before | wanted one capture, as in capture.NAME"
    if at != 1 or words[0].kind != "word":
        raise Faulty(wanted, words[0].at)
    path = _path(words[0])
    if path.owner != "capture" or path.keys:
        raise Faulty(wanted, path.at)
    rest = words[at + 1 :]
    if another := next((token for token in rest if token.kind == "|"), None):
        raise Faulty("a second |, wanted one: use another capture", another.at)
    return path, rest


def _once(source: Path | None, piped: Path | None) -> Path | None:
    """The path after a pipe is of what comes through it. Raises Faulty."""
    if piped is not None and source is not None and source.owner:
        raise Faulty(f"after | wanted a path in what capture.{piped.name} found, as in interfaces.name", source.at)
    return source


def _whole(words: Sequence[Token]) -> Path | None:
    """Without an operator: one section or part of it, a whole capture, or, for plain words, everything."""
    if words[0].kind == "end" or len(words) > 2 or words[0].kind != "word":
        return None
    path = _path(words[0])
    is_plain = path.owner == "" and len(path.keys) == 1
    if is_plain and path.keys[0] not in SECTIONS:
        return None
    if path.owner == "node":
        raise Faulty("a node's own values are no state", path.at)
    _known(path)
    return path


def _source(words: Sequence[Token], operator: Token) -> Path:
    """What stands before an operator. Raises Faulty."""
    if not words:
        raise Faulty(f"nothing before {operator.kind}, wanted a path like interfaces.name", operator.at)
    if len(words) > 1:
        raise Faulty(f"wanted one path before {operator.kind}", words[1].at)
    if words[0].kind != "word":
        raise Faulty(f"found text before {operator.kind}, wanted a path like interfaces.name", words[0].at)
    path = _path(words[0])
    if path.owner == "node":
        raise Faulty("a node's own values stand on the right", path.at)
    if not path.keys:
        raise Faulty(f"wanted what to compare or replace, as in capture.{path.name}.interfaces.name", path.at)
    _known(path)
    section, *inner = path.keys
    lists = LISTS.get(section)
    if lists is None:
        raise Faulty(f"only items of {', '.join(LISTS)} can be chosen or changed", path.at)
    if lists and (not inner or inner[0] not in lists):
        raise Faulty(f"wanted {' or '.join(f'{section}.{each}' for each in lists)}", path.places[-1])
    if len(inner) <= bool(lists):
        raise Faulty(f"wanted one of its properties, as in {'.'.join(path.keys)}.name", path.places[-1])
    return path


def _value(words: Sequence[Token], operator: Token) -> Path | Text:
    """What stands after an operator. Raises Faulty."""
    first = words[0]
    if first.kind == "end":
        raise Faulty(f"nothing after {operator.kind}, wanted a value", first.at)
    if words[1].kind != "end":
        raise Faulty("wanted one value; put text with blanks in quotes", words[1].at)
    if first.kind == "text":
        return Text(first.text, first.at)
    head = first.text.partition(".")[0]
    if "." in first.text and (head in SECTIONS or head in ("capture", "node")):
        return _path(first)
    return Text(None if first.text == "null" else first.text, first.at)


def _path(word: Token) -> Path:
    """A word taken apart. Raises Faulty."""
    keys, places, at = [], [], word.at
    head = word.text.partition(".")[0]
    for key in word.text.split("."):
        if not key and head != "node":
            raise Faulty("a path with a '.' too many", at)
        keys.append(key)
        places.append(at)
        at += len(key) + 1
    if head == "node":
        return _of_node(word, keys, places)
    if len(keys) > MOST_KEYS:
        raise Faulty(f"a path of {len(keys)} keys, wanted at most {MOST_KEYS}", places[MOST_KEYS])
    if head != "capture":
        return Path("", "", tuple(keys), word.at, tuple(places))
    if len(keys) < 2:
        raise Faulty("which capture? wanted capture.NAME", word.at)
    return Path("capture", keys[1], tuple(keys[2:]), word.at, tuple(places[2:]))


def _of_node(word: Token, keys: Sequence[str], places: Sequence[int]) -> Path:
    """A label's name has dots of its own: everything after `node.labels.` is one key."""
    if len(keys) < 2 or keys[1] not in NODE:
        found = keys[1] if len(keys) > 1 else ""
        raise Faulty(f"wanted node.{', node.'.join(NODE)}{_guess(found, NODE)}", places[min(1, len(places) - 1)])
    if keys[1] == "name":
        if len(keys) > 2:
            raise Faulty("node.name has no parts", places[2])
        return Path("node", "", ("name",), word.at, (places[1],))
    key = ".".join(keys[2:])
    if not key:
        raise Faulty(f"which one? wanted node.{keys[1]}.NAME", places[1])
    return Path("node", "", (keys[1], key), word.at, (places[1], places[2]))


def _known(path: Path) -> None:
    """Raises Faulty for a section that no state has."""
    if path.owner != "node" and path.keys and path.keys[0] not in SECTIONS:
        guess = _guess(path.keys[0], SECTIONS)
        raise Faulty(f"no part of a state is called '{path.keys[0]}'{guess}", path.places[0])


def _guess(word: str, words: Sequence[str]) -> str:
    close = get_close_matches(word[:40], words, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
