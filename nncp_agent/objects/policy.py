"""A NodeNetworkConfigurationPolicy as the daemon and the central writer see it, from a cluster or from a file.

Reading is lenient where kubernetes-nmstate is: what is unfit counts as not stated and is told beside the policy. What
the state itself says is not looked at here; `desired` goes to `policy.resolver` and `wire` as any document does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from netkernel.documents import Document
from netkernel.frozen import Frozen, fact, replace
from nncp_agent.errors import Problem
from nncp_agent.wire.policy import DEEPEST_LIST, KIND, LISTS, PolicyHead, read_head
from nncp_agent.wire.report import Report, shown
from nncp_agent.wire.spec import BY_KEY, CHECKS, FIELDS, Field

__all__ = ["BY_KEY", "CHECKS", "FIELDS", "KIND", "Check", "Field", "Policy", "policies", "read"]

LONGEST_NAME: Final = 63
"""A policy's name becomes the value of a label on its enactments."""
_LABEL_VALUE: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


class Check(Frozen):
    """What a policy says about one of the checks after an apply; None: as the cluster has it."""

    enabled: bool | None = None
    target: str | None = None
    timeout_s: int | None = None


class Policy(Frozen, kw_only=True):
    """What is asked of which nodes.

    `created` is in the form of RFC 3339, empty without a cluster, as is `uid`. `desired` is the whole manifest, with a
    state in it even where none was stated. `source` is the object as it came.
    """

    name: str
    uid: str = ""
    generation: int = 1
    created: str = ""
    node_selector: Mapping[str, str] = BY_KEY["nodeSelector"].default
    node_names: tuple[str, ...] = ()
    label_selector: Mapping[str, Any] = BY_KEY["labelSelector"].default
    canaries: tuple[str, ...] = ()
    desired: Document
    max_unavailable: int | str | None = None
    paused: bool = False
    priority: int = 0
    checks: Mapping[str, Check] = BY_KEY["checks"].default
    drift_policy: str = "Report"
    deletion_policy: str = "Retain"
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    source: Mapping[str, Any] = fact(default=BY_KEY["checks"].default)


def read(manifest: Mapping[str, Any] | Document) -> tuple[Policy, list[Problem]]:
    """The policy, and what is wrong around its state; a document's problems have its lines."""
    document = manifest if isinstance(manifest, Document) else Document(manifest)
    tree = document.value if isinstance(document.value, dict) else {}
    report = Report()
    report.document = document
    head = read_head(tree, (), report)
    metadata = tree.get("metadata")
    about: Mapping[str, Any] = metadata if isinstance(metadata, dict) else {}
    name = head.name if head else str(about.get("name"))
    if problem := name_problem(name):
        report.problem(("metadata", "name"), problem)
    return replace(_policy(name, head, about, _with_a_state(document)), source=tree), report.found()


def policies(document: Document) -> Iterator[tuple[Policy, list[Problem]]]:
    """Every policy of a document: itself, or what is in a list of them; other kinds are passed over."""
    yield from _inside(document, 0)


def name_problem(name: str) -> str:
    """Why nodes could not report about a policy of this name; empty when they can."""
    if len(name) > LONGEST_NAME or not _LABEL_VALUE.fullmatch(name):
        return f"found {shown(name)}, wanted at most {LONGEST_NAME} characters that fit the value of a label"
    return ""


def checks_of(stated: Any) -> dict[str, Check]:
    """Checks from what fits their schema."""
    return {
        name: Check(each.get("enabled"), each.get("target"), each.get("timeoutSeconds"))
        for name, each in stated.items()
        if each is not None
    }


def _inside(document: Document, depth: int) -> Iterator[tuple[Policy, list[Problem]]]:
    tree = document.value
    if not isinstance(tree, dict):
        return
    if tree.get("kind") in LISTS and depth < DEEPEST_LIST:
        items = tree.get("items")
        for each in items if isinstance(items, list) else ():
            yield from _inside(Document(each, document.source), depth + 1)
    elif tree.get("kind") == KIND:
        yield read(document)


def _policy(name: str, head: PolicyHead | None, about: Mapping[str, Any], desired: Document) -> Policy:
    spec: Mapping[str, Any] = head.spec if head else {field.key: field.default for field in FIELDS}
    generation = about.get("generation")
    return Policy(
        name=name,
        uid=str(about.get("uid") or ""),
        generation=generation if isinstance(generation, int) else 1,
        created=str(about.get("creationTimestamp") or ""),
        node_selector=spec["nodeSelector"],
        node_names=tuple(spec["nodeNames"]),
        label_selector=spec["labelSelector"],
        canaries=tuple(spec["canaries"]),
        desired=desired,
        max_unavailable=spec["maxUnavailable"],
        paused=spec["paused"],
        priority=spec["priority"],
        checks=checks_of(spec["checks"]),
        drift_policy=spec["driftPolicy"],
        deletion_policy=spec["deletionPolicy"],
        deleting=about.get("deletionTimestamp") is not None,
        finalizers=tuple(about.get("finalizers") or ()),
    )


def _with_a_state(document: Document) -> Document:
    """kubernetes-nmstate takes a policy that states nothing, and has nothing to do for it."""
    tree = document.value
    spec = tree.get("spec") if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or not isinstance(spec, dict) or spec.get("desiredState") is not None:
        return document
    return replace(document, value={**tree, "spec": {**spec, "desiredState": {}}})
