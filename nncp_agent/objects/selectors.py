"""Which nodes a policy means: NNCP's map of labels, a list of names, and the label selectors of Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nncp_agent.objects.policy import Policy


def matches(policy: Policy, node: str, labels: Mapping[str, str]) -> bool:
    """Whether the policy means the node of this name and these labels: everything it says must fit."""
    return (
        (not policy.node_names or node in policy.node_names)
        and _has_all(labels, policy.node_selector)
        and selected(policy.label_selector, labels)
    )


def selected(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether labels fit `{matchLabels, matchExpressions}`; an empty selector takes everything."""
    return _has_all(labels, selector.get("matchLabels") or {}) and all(
        _fits(each, labels) for each in selector.get("matchExpressions") or ()
    )


def _has_all(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def _fits(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """NotIn takes what lacks the label, as in Kubernetes; an operator nobody knows takes nothing."""
    key, values = requirement.get("key", ""), requirement.get("values") or ()
    match requirement.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
