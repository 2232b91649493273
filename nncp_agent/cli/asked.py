"""Documents with captures and templates into plain ones, and what they came to for who wants to know (`-v`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netkernel import ethtool
from netkernel.documents import Document
from nncp_agent import shown, wire
from nncp_agent.cli import files, node
from nncp_agent.cli.call import Call
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.policy.resolver import Resolution, resolve
from nncp_agent.wire import policy
from nncp_agent.wire.comparable import comparable as canonical_words
from nncp_agent.wire.report import Report

if TYPE_CHECKING:
    from netkernel.transaction import Kernel
    from nncp_agent.model import NetworkState


def resolved(call: Call, documents: Sequence[Document]) -> Resolution:
    """What they come to on this host, as it is now. Problems are in the result. Raises InvalidPolicy, Usage."""
    resolution = resolve(documents, lambda: present(call), lambda: node.node(call))
    if call.verbosity > 1:
        _tell(call, resolution)
    if resolution.captures:
        call.recapture = lambda kernel: _again(call, documents, kernel)
    return resolution


def _again(call: Call, documents: Sequence[Document], kernel: Kernel) -> NetworkState:
    """What they come to on the host as it is by now. Raises InvalidPolicy."""
    resolution = resolve(documents, lambda: _present(call, kernel), lambda: node.node(call))
    refuse(resolution, ())
    return wire.decode(resolution.documents).desired


def unasked(call: Call, documents: Sequence[Document]) -> Resolution:
    """As far as it goes without a host: captures are checked, and a node's values filled in."""
    return resolve(documents, None, lambda: node.node(call))


def present(call: Call, *, include_secrets: bool = False) -> Mapping[str, Any]:
    """The host as `nncp show` prints it."""
    with call.kernel() as kernel:
        return _present(call, kernel, include_secrets)


def _present(call: Call, kernel: Kernel, include_secrets: bool = False) -> Mapping[str, Any]:
    from nncp_agent import notes

    host = kernel.overview(shown.routes.RUNNING_PROTOCOLS, ethtool.PARTS)
    return shown.state(host, notes.read(call.state_directory(), include_secrets))


def resolved_with(call: Call, paths: Sequence[str], current: str | None, known: Mapping[str, Any]) -> Resolution:
    """What files come to on a host whose state is the file `current` (None: this one). Raises Usage, InvalidPolicy."""
    documents = files.documents(call, paths)
    resolution = resolve(documents, lambda: state_of(call, current), lambda: node.node(call), known)
    refuse(resolution, ())
    if call.verbosity > 1:
        _tell(call, resolution)
    return resolution


def states(resolution: Resolution) -> list[Any]:
    """The network states in what came of the documents."""
    report = Report()
    found = [each.tree for document in resolution.documents for each in policy.states(document.value, (), report)]
    if report.problems:
        raise InvalidPolicy(report.problems)
    return found


def comparable(call: Call, paths: Sequence[str]) -> dict[str, Any]:
    """Files as one state in canonical words, captures and templates resolved. Raises Usage, InvalidPolicy."""
    documents = files.documents(call, paths)
    resolution = resolve(documents, lambda: present(call), lambda: node.node(call))
    refuse(resolution, ())
    return canonical_words(resolution.documents)


def state_of(call: Call, path: str | None, *, include_secrets: bool = False) -> Mapping[str, Any]:
    """The state in a file, as it stands there; without one this host's. Raises Usage, InvalidPolicy."""
    if path is None:
        return present(call, include_secrets=include_secrets)
    documents = files.documents(call, [path])
    tree = documents[0].value
    if len(documents) > 1 or not isinstance(tree, dict):
        raise InvalidPolicy([Problem("", "wanted one network state", path)])
    return tree


def refuse(resolution: Resolution, further: Sequence[Problem]) -> None:
    """Raises InvalidPolicy for what is wrong with captures and templates, with `further` that does not come from it."""
    if resolution.problems:
        others = [problem for problem in further if (problem.source, problem.line) not in resolution.holes]
        raise InvalidPolicy((*resolution.problems, *others))


def _tell(call: Call, resolution: Resolution) -> None:
    from netkernel.documents import yaml_writer

    for capture in resolution.captures:
        call.detail(f"{capture.policy}: capture.{capture.name} is {capture.expression}, which finds")
        call.detail("\n".join(f"    {line}" for line in yaml_writer.write(capture.state).splitlines()))
    for filled in dict.fromkeys((each.policy, each.template, _short(each.value)) for each in resolution.filled):
        call.detail(f"{filled[0]}: {{{{ {filled[1]} }}}} is {filled[2]}")


def _short(value: Any, most: int = 200) -> str:
    """On one line; what is longer stands in the capture already."""
    from nncp_agent.cli import json_text

    text = value if isinstance(value, str) else "".join(json_text.pieces(value))
    return text if len(text) <= most else f"{text[:most]}…"
