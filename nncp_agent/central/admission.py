"""What the webhooks answer: policies that cannot be understood are refused with every path; pods get the resources that
their networks name. Pure.

Neither is needed: nodes say of a bad policy what is wrong with it within a second, and most clusters state resources in
their pods. An edit while a policy is at work is let through, because it supersedes what is under way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from netkernel.documents import Document
from nncp_agent.objects.policy import KIND, read
from nncp_agent.policy.node import Node
from nncp_agent.policy.resolver import resolve
from nncp_agent.wire import read as read_state

Object = Mapping[str, Any]
Patch = list[dict[str, Any]]

TIMESTAMP: Final = "nmstate.io/webhook-mutating-timestamp"
NETWORKS: Final = "k8s.v1.cni.cncf.io/networks"
RESOURCE: Final = "k8s.v1.cni.cncf.io/resourceName"
NODE_SELECTOR: Final = "k8s.v1.cni.cncf.io/nodeSelector"
MOST_PROBLEMS: Final = 20

Networks = Callable[[str, str], Object | None]
"""The NetworkAttachmentDefinition of a namespace and a name."""


def validate(review: Object) -> dict[str, Any]:
    """Whether a policy is understood, as the answer to an AdmissionReview."""
    found = (review.get("request") or {}).get("object")
    problems = list(policy_problems(found)) if isinstance(found, Mapping) and found.get("kind") == KIND else []
    return _answer(review, refused="\n".join(problems[:MOST_PROBLEMS]))


def stamp(review: Object, now_ns: int) -> dict[str, Any]:
    """A policy with the annotation by which clients of kubernetes-nmstate know that it was seen, with the
    nanoseconds.
    """
    found: Object = (review.get("request") or {}).get("object") or {}
    annotations = (found.get("metadata") or {}).get("annotations")
    value = str(now_ns)
    if annotations is None:
        return _answer(review, patch=[_add("/metadata/annotations", {TIMESTAMP: value})])
    return _answer(review, patch=[_add(f"/metadata/annotations/{_escaped(TIMESTAMP)}", value)])


def inject(review: Object, networks: Networks) -> dict[str, Any]:
    """A pod whose first container has the resources of its networks, once for each time it is attached."""
    request: Object = review.get("request") or {}
    pod: Object = request.get("object") or {}
    namespace = str((pod.get("metadata") or {}).get("namespace") or request.get("namespace") or "default")
    if namespace == "kube-system":
        return _answer(review)
    return _answer(review, patch=list(_injected(pod, namespace, networks)))


def policy_problems(policy: Object) -> Iterator[str]:
    """Everything that is wrong whatever the node; a state with templates in it is judged where they are filled in."""
    read_, problems = read(Document(dict(policy)))
    yield from map(str, problems)
    tree: Any = read_.desired.value
    spec = tree.get("spec") if isinstance(tree, dict) else None
    if not isinstance(spec, dict):
        return
    if spec.get("capture"):
        asked = Document({**tree, "spec": {**spec, "desiredState": {}}})
        yield from map(str, resolve([asked], None, lambda: Node("")).problems)
    if "{{" not in json.dumps(spec.get("desiredState"), default=str):
        state = {key: value for key, value in spec.items() if key != "capture"}
        said = {*map(str, problems)}
        found = map(str, read_state([Document({**tree, "spec": state})]).problems)
        yield from (each for each in found if each not in said)


def attachments(annotation: str, namespace: str) -> Iterator[tuple[str, str]]:
    """Namespace and name of each network of a pod, in both forms that Multus takes."""
    if annotation.lstrip().startswith("["):
        try:
            items = json.loads(annotation)
        except ValueError:
            return
        for each in items if isinstance(items, list) else ():
            if isinstance(each, Mapping) and each.get("name"):
                yield str(each.get("namespace") or namespace), str(each["name"])
        return
    for word in annotation.split(","):
        place, _, name = word.strip().partition("@")[0].rpartition("/")
        if name:
            yield place or namespace, name


def _injected(pod: Object, namespace: str, networks: Networks) -> Iterator[dict[str, Any]]:
    """JSON Patch operations. What a user states for a resource stands, as long as it is enough."""
    annotation = ((pod.get("metadata") or {}).get("annotations") or {}).get(NETWORKS) or ""
    found = [networks(*each) for each in attachments(annotation, namespace)]
    spec: Object = pod.get("spec") or {}
    containers = spec.get("containers") or ()
    if not containers:
        return
    wanted = _counted(_annotations(each).get(RESOURCE) for each in found if each)
    yield from _resources(containers[0].get("resources") or {}, "resources" in containers[0], wanted)
    words = (_annotations(each).get(NODE_SELECTOR, "").strip() for each in found if each)
    stated = spec.get("nodeSelector") or {}
    labels = dict(word.partition("=")[::2] for word in words if word)
    if labels.keys() - stated.keys():
        yield _add("/spec/nodeSelector", {**labels, **stated})


def _resources(stated: Object, is_stated: bool, wanted: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    if not wanted:
        return
    made = {
        part: {**{name: str(count) for name, count in wanted.items()}, **(stated.get(part) or {})}
        for part in ("requests", "limits")
    }
    if all(made[part] == (stated.get(part) or {}) for part in made):
        return
    place = "/spec/containers/0/resources"
    yield {"op": "replace" if is_stated else "add", "path": place, "value": {**stated, **made}}


def _counted(names: Iterable[str | None]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        if name:
            counts[name] = counts.get(name, 0) + 1
    return counts


def _annotations(found: Object) -> Mapping[str, str]:
    return (found.get("metadata") or {}).get("annotations") or {}


def _answer(review: Object, refused: str = "", patch: Patch | None = None) -> dict[str, Any]:
    response: dict[str, Any] = {"uid": (review.get("request") or {}).get("uid") or "", "allowed": not refused}
    if refused:
        # For the reason Invalid kubectl prints no message.
        response["status"] = {"code": 400, "reason": "BadRequest", "message": refused}
    if patch:
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    version = review.get("apiVersion") or "admission.k8s.io/v1"
    return {"apiVersion": version, "kind": "AdmissionReview", "response": response}


def _add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def _escaped(key: str) -> str:
    """As JSON Pointers want it (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
