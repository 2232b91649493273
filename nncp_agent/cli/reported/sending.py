"""Policies from files into a cluster, by server-side apply; and, if wanted, until they have come to their end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from netkernel.documents import Document
from netkernel.frozen import replace
from nncp_agent.cli import files, policies
from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK
from nncp_agent.cli.reported import from_cluster, waiting
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.kube import resources
from nncp_agent.kube.resources import Resource
from nncp_agent.objects.policy import KIND
from nncp_agent.objects.policy import read as read_policy
from nncp_agent.wire.policy import LISTS

MANAGER: Final = "nncp"
"""Who owns the fields that are applied, for whoever asks the server."""
VERSIONS: Final = ("v1", "v1beta1", "v1alpha1")


def run(call: Call, paths: Sequence[str]) -> int:
    """Nothing is sent unless all of it can be read. Raises InvalidPolicy, NetworkError, Usage."""
    documents = files.documents(call, paths)
    manifests = [each for document in documents for each in _manifests(document)]
    problems = [problem for each in manifests for problem in read_policy(Document(each))[1]]
    decoded = policies.unasked(call, paths)
    if problems or (decoded and decoded.problems):
        raise InvalidPolicy([*problems, *(decoded.problems if decoded else ())])
    with from_cluster.opened(call.options, call.world.environ) as cluster:
        generations = {}
        for each in manifests:
            made = cluster.api.apply(_resource(each), _body(each), MANAGER)
            generations[each["metadata"]["name"]] = made["metadata"].get("generation") or 0
            call.print(f"{KIND.lower()}.nmstate.io/{each['metadata']['name']} serverside-applied")
        if call.options.wait is None:
            return OK
        return waiting.run(call, cluster, generations, call.options.wait)


def _manifests(document: Document) -> Iterator[dict[str, Any]]:
    """Raises InvalidPolicy for what is no policy: a cluster has no place for a state alone."""
    tree = document.value if isinstance(document.value, dict) else {}
    if tree.get("kind") in LISTS:
        for each in tree.get("items") or ():
            yield from _manifests(Document(each, document.source))
    elif tree.get("kind") == KIND and isinstance(tree.get("metadata"), dict) and tree["metadata"].get("name"):
        yield tree
    else:
        message = f"wanted a {KIND} with a name: a state by itself can be applied on a node only"
        raise InvalidPolicy([Problem("", message, document.source)])


def _resource(manifest: dict[str, Any]) -> Resource:
    version = str(manifest.get("apiVersion", "")).partition("/")[2]
    return replace(resources.POLICIES, version=version if version in VERSIONS else "v1")


def _body(manifest: dict[str, Any]) -> dict[str, Any]:
    """Without what the server itself keeps, which a file printed by kubectl has."""
    about = manifest["metadata"]
    kept = {key: about[key] for key in ("name", "labels", "annotations") if about.get(key)}
    return {
        "apiVersion": _resource(manifest).api_version,
        "kind": KIND,
        "metadata": kept,
        "spec": manifest.get("spec") or {},
    }
