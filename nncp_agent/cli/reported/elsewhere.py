"""Another node, as its NodeNetworkState tells it: shown, and planned for on a host that is made up of it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from netkernel.frozen import replace as with_
from netkernel.host import Host
from nncp_agent.cli import files, foretold, policies
from nncp_agent.cli.call import Call
from nncp_agent.cli.imagine import imagine
from nncp_agent.cli.reported import from_cluster
from nncp_agent.cli.words import Usage
from nncp_agent.model import NetworkState
from nncp_agent.observe import Present, of_tree
from nncp_agent.policy.node import Node
from nncp_agent.policy.resolver import resolve as with_values
from nncp_agent.resolve import resolve
from nncp_agent.target import target

Tree = dict[str, Any]


def show(call: Call, name: str) -> Tree:
    """The state of the node `name`. Raises NetworkError, Usage."""
    return _asked(call, name)[0]


def host_of(state: Tree) -> Host:
    """A host that shows `state`, as far as a state can say: NICs are there, and what else is in it was made of them.

    It says nothing of cables: what is up has carrier.
    """
    present = of_tree(_whole(state))
    names = {each.name for each in present.interfaces or ()}
    interfaces = tuple(each for each in present.interfaces or () if _stands_here(each, names))
    present = replace(present, interfaces=interfaces, hostname=None)
    nics = imagine(present)
    made = target(resolve(present, Present(nics), nics, NetworkState()), nics)
    return with_(made, links={name: with_(link, carrier=link.up) for name, link in made.links.items()})


def plan(call: Call, name: str, paths: list[str]) -> int:
    """Print what the files would change on the node `name`, and give the number of changes. Raises InvalidPolicy."""
    from nncp_agent import whole, wire
    from nncp_agent.cli import asked
    from nncp_agent.plan import decide

    state, node = _asked(call, name)
    resolution = with_values(files.documents(call, paths), lambda: state, lambda: node)
    decoded = wire.read(resolution.documents)
    asked.refuse(resolution, decoded.problems)
    host = host_of(state)
    policies.note(call, decoded, host)
    with policies.located(decoded):
        whole.refuse(decoded, host)
        decision = decide(decoded.desired, host)
    warnings = decoded.located(decision.warnings)
    foretold.tell(call, decision.ops, decision.important, warnings, decision.irreversible)
    return len(decision.ops)


def _asked(call: Call, name: str) -> tuple[Tree, Node]:
    with from_cluster.opened(call.options, call.world.environ) as cluster:
        states = {str(each["metadata"]["name"]): each for each in cluster.states()}
        nodes = {str(each["metadata"]["name"]): each for each in cluster.nodes()}
    if name not in states:
        known = ", ".join(sorted(states)[:10]) or "none"
        what = "its daemon has told no state yet" if name in nodes else f"there is no such node; states are of {known}"
        raise Usage(f"node {name}: {what}")
    about = nodes.get(name, {}).get("metadata") or {}
    state = (states[name].get("status") or {}).get("currentState") or {}
    return _whole(dict(state)), Node(name, about.get("labels") or {}, about.get("annotations") or {})


def _whole(state: Tree) -> Tree:
    """With the sections that a published state leaves out when they are empty."""
    return {
        **state,
        "interfaces": state.get("interfaces") or [],
        "routes": {"running": [], "config": [], **(state.get("routes") or {})},
        "route-rules": {"config": [], **(state.get("route-rules") or {})},
    }


def _stands_here(interface: Any, names: set[str]) -> bool:
    """The other end of a veth may be a pod's, which is not in a published state."""
    peer = getattr(interface.config, "peer", None)
    return interface.type != "veth" or peer in names
