"""Which pod a command line means: its namespace on this node, its name, and what is remembered of it."""

from __future__ import annotations

import os

from netkernel import netns
from nncp_agent.attaching import memory
from nncp_agent.attaching.memory import OfPod
from nncp_agent.cli.call import Call
from nncp_agent.cli.words import Usage
from nncp_agent.definitions.manifests import DEFAULT


def pod(call: Call, namespace: str) -> OfPod:
    """The pod whose network namespace is called so, or has that path; by default it has the same name."""
    path = namespace if "/" in namespace else os.path.join(netns.NAMED, namespace)
    stated = call.options.pod or os.path.basename(namespace)
    of, slash, name = stated.rpartition("/")
    if not name or (slash and not of):
        raise Usage(f"nncp {call.options.verb}: --pod {stated}: wanted namespace/name")
    of = of or DEFAULT
    return memory.remembered(call.store(), of, name) or OfPod(of, name, path)
