"""Documents with their captures made and their templates filled in: what is left are plain states and policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, NamedTuple

from netkernel.documents import Document
from netkernel.frozen import Frozen, replace
from nncp_agent.errors import Problem
from nncp_agent.policy import evaluator, order, parser, sites
from nncp_agent.policy.evaluator import Tree
from nncp_agent.policy.lexer import Faulty
from nncp_agent.policy.node import Node
from nncp_agent.policy.parser import Expression, Path, Reference
from nncp_agent.policy.template import Place, Templates, Unknown
from nncp_agent.wire.policy import DEEPEST_LIST, LISTS
from nncp_agent.wire.report import dotted

MOST_CAPTURES: Final = 1000
MOST_PROBLEMS: Final = 200


class Capture(Frozen):
    """What one capture found. `policy` is the name of its policy, or the file."""

    policy: str
    name: str
    expression: str
    state: Tree


class Filled(Frozen):
    """What one template became."""

    policy: str
    template: str
    value: Any


class Resolution(Frozen):
    """The documents without captures and templates; with `problems` only as far as they could be understood.

    `holes` are the files and lines of what is missing for that reason. `needs_host` is whether a state was wanted and
    nobody gave one: what depends on it is not in the documents.
    """

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()
    captures: tuple[Capture, ...] = ()
    filled: tuple[Filled, ...] = ()
    holes: frozenset[tuple[str, int | None]] = frozenset()
    needs_host: bool = False


def resolve(
    documents: Sequence[Document],
    present: Callable[[], Tree] | None,
    node: Callable[[], Node],
    known: Mapping[str, Tree] | None = None,
) -> Resolution:
    """Ask `present` for the host's state and `node` for its values where, and only where, a document speaks of them.

    Without `present` captures are only checked. `known` has what was captured earlier, which is not captured again.
    """
    work = _Work(None if present is None else cache(present), cache(node), known or {})
    done = [work.document(each) for each in documents]
    return Resolution(
        documents=tuple(done),
        problems=tuple(work.problems),
        captures=tuple(work.captures),
        filled=tuple(work.filled),
        holes=frozenset({*work.holes, *((problem.source, problem.line) for problem in work.problems)}),
        needs_host=work.needs_host,
    )


class _Policy(NamedTuple):
    """The part of a document that captures and the state they make are in, and where that is."""

    tree: Mapping[str, Any]
    place: Place
    name: str
    is_policy: bool


class _Work:
    def __init__(self, present: Callable[[], Tree] | None, node: Callable[[], Node], known: Mapping[str, Tree]) -> None:
        self.problems: list[Problem] = []
        self.captures: list[Capture] = []
        self.filled: list[Filled] = []
        self.holes: list[tuple[str, int | None]] = []
        self.needs_host = False
        self._present = present
        self._node = node
        self._known = known
        self._document = Document(None)

    def document(self, document: Document) -> Document:
        """The document, resolved."""
        self._document = document
        value = document.value
        for policy in _policies(value, (), document.source):
            value = _put(value, policy.place, self._resolved(policy))
        return document if value is document.value else replace(document, value=value)

    def _resolved(self, policy: _Policy) -> Any:
        found = self._captured(policy)
        rest = {key: each for key, each in policy.tree.items() if key != "capture"}
        templates = Templates(
            lambda reference: self._stands_for(reference, found),
            lambda place, text, error: self._problem(place, text, error),
            lambda place: self.holes.append((self._document.source, self._document.line(place))),
            lambda text, value: self.filled.append(Filled(policy.name, text, value)),
            strict=policy.is_policy,
        )
        filled = templates.filled(rest, policy.place)
        if filled is rest and "capture" not in policy.tree:
            return policy.tree
        return filled

    def _captured(self, policy: _Policy) -> dict[str, Tree | None]:
        """What each capture found; None for one with a problem."""
        place = (*policy.place, "capture")
        asked = policy.tree.get("capture")
        if asked is None:
            return {}
        if type(asked) is not dict or len(asked) > MOST_CAPTURES:
            what = (
                f"at most {MOST_CAPTURES} captures" if isinstance(asked, dict) else "a mapping of names to expressions"
            )
            self._problem(place, "", Faulty(f"wanted {what}", 0))
            return {}
        found: dict[str, Tree | None] = dict.fromkeys(map(str, asked))
        expressions = dict(self._expressions(asked, place))
        self._check_references(expressions, found, place)
        for name in order.ordered(expressions):
            try:
                found[name] = self._run(expressions[name], found)
            except Faulty as error:
                self._problem((*place, name), expressions[name].text, error)
                continue
            except Unknown:
                continue
            self.captures.append(
                Capture(policy.name, name, " ".join(expressions[name].text.split()), found[name] or {})
            )
        return found | {name: tree for name, tree in self._known.items() if name in found}

    def _expressions(self, asked: Mapping[str, Any], place: Place) -> Iterator[tuple[str, Expression]]:
        for name, text in asked.items():
            if str(name) in self._known:
                continue
            if not isinstance(text, str):
                self._problem((*place, name), "", Faulty("wanted an expression in text", 0))
                continue
            if not str(name) or not set(" .|\"'=:{}\t\n").isdisjoint(str(name)):
                self._problem((*place, name), "", Faulty("a capture's name has no blanks, dots or operators in it", 0))
                continue
            try:
                yield str(name), parser.expression(text)
            except Faulty as error:
                self._problem((*place, name), text, error)

    def _check_references(self, expressions: Mapping[str, Expression], found: Mapping[str, Any], place: Place) -> None:
        for name, expression in expressions.items():
            error = order.circle(name, expressions)
            for path in order.needs(expression):
                if path.name not in found:
                    error = _no_such_capture(path, list(found))
            if error is not None:
                self._problem((*place, name), expression.text, error)

    def _run(self, expression: Expression, found: Mapping[str, Tree | None]) -> Tree:
        """What a capture finds. Raises Faulty, Unknown."""
        state = self._state(expression.piped or expression.source, found)
        return evaluator.captured(expression, state, lambda path: self._value(path, found))

    def _state(self, path: Path | None, found: Mapping[str, Tree | None]) -> Tree:
        if path is not None and path.owner == "capture":
            state = found.get(path.name) if path.name not in self._known else self._known[path.name]
            if state is None:
                raise Unknown
            return state
        if self._present is None:
            self.needs_host = True
            raise Unknown
        return self._present()

    def _value(self, path: Path, found: Mapping[str, Tree | None]) -> Any:
        if path.owner == "node":
            return self._node().value(path)
        return evaluator.at(self._state(path, found), path)

    def _stands_for(self, reference: Reference, found: Mapping[str, Tree | None]) -> Any:
        """What a template stands for. Raises Faulty, Unknown."""
        path = reference.path
        if path.owner == "capture" and path.name not in found:
            raise _no_such_capture(path, list(found))
        try:
            return self._value(path, found)
        except Faulty:
            if reference.default is None:
                raise
            return reference.default

    def _problem(self, place: Place, text: str, error: Faulty) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            words = dotted(self._document.value, place)
            self.problems.append(sites.problem(self._document, place, words, text, error))


def _policies(tree: Any, place: Place, name: str, depth: int = 0) -> Iterator[_Policy]:
    """Every policy and every plain state of a document."""
    if type(tree) is not dict:
        return
    if "kind" not in tree and "apiVersion" not in tree:
        yield _Policy(tree, place, name, any(key in tree for key in ("capture", "desired", "desiredState")))
        return
    if tree.get("kind") in LISTS and depth < DEEPEST_LIST:
        items = tree.get("items")
        for position, item in enumerate(items if type(items) is list else ()):
            yield from _policies(item, (*place, "items", position), name, depth + 1)
    elif type(tree.get("spec")) is dict:
        metadata = tree.get("metadata")
        own = metadata.get("name") if type(metadata) is dict else None
        yield _Policy(tree["spec"], (*place, "spec"), own if isinstance(own, str) and own else name, True)


def _put(tree: Any, place: Place, value: Any) -> Any:
    """The tree with another value at a place."""
    if not place:
        return value
    key: Any = place[0]
    inner = _put(tree[key], place[1:], value)
    if inner is tree[key]:
        return tree
    if isinstance(tree, list):
        return [inner if position == key else each for position, each in enumerate(tree)]
    return {each: inner if each == key else old for each, old in tree.items()}


def _no_such_capture(path: Path, names: Sequence[str]) -> Faulty:
    close = get_close_matches(path.name[:64], names, n=1)
    there = f"there is {', '.join(names[:12])}" if names else "there are none here"
    guess = f"did you mean '{close[0]}'?" if close else there
    return Faulty(f"no capture is called '{path.name[:64]}'; {guess}", path.at)
