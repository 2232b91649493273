"""Options of verbs that speak to a Kubernetes API: which one, and as whom, as kubectl has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.cli.words import Options
    from nncp_agent.kube.access import Access


def arguments(parser: ArgumentParser) -> None:
    """Adds them."""
    from nncp_agent.objects.slots import NAMESPACE

    add = parser.add_argument
    add("--kubeconfig", metavar="FILE", default="", help="as for kubectl ($KUBECONFIG, ~/.kube/config)")
    add("--context", metavar="NAME", default="", help="of the kubeconfig, instead of its current one")
    add("--in-cluster", action="store_true", help="the identity that Kubernetes gives to this pod")
    add("--namespace", metavar="NAME", default=NAMESPACE, help=f"where the agent's Leases are ({NAMESPACE})")


def access(options: Options) -> Access:
    """What they say."""
    from nncp_agent.kube.access import Access

    return Access(options.kubeconfig, options.context, options.in_cluster)
