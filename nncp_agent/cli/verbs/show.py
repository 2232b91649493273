"""Show interfaces, addresses and routes as the kernel has them.

A table on a terminal, without the columns for which that is too narrow; YAML
elsewhere. `nncp show | nncp plan -` prints nothing.
"""

from __future__ import annotations

from netkernel.typed import TYPE_CHECKING
from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK
from nncp_agent.cli.words import Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator, Mapping

    from netkernel.host import Host
    from netkernel.transaction import Kernel
    from nncp_agent.shown import Note
    from nncp_agent.shown.base import Tree

EXAMPLES = """\
  nncp show                     everything
  nncp show bond1 br1           two interfaces and their routes
  nncp show -o tree             what sits on what
  nncp show -o svg >node.svg    the same as a picture
  nncp show -w                  and again whenever something changes
  nncp show --find 52:54:00     by any part of a name, an address or a MAC
  nncp show --node worker-3 -o tree
  nncp show -o json | jq '.interfaces[].name'
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these interfaces and their routes")
    forms = ("table", "yaml", "json", "tree", "svg")
    parser.add_argument("-o", "--output", choices=forms, metavar="FORMAT", help="table, yaml, json, tree or svg")
    parser.add_argument("--find", metavar="TEXT", help="only those with TEXT in name, address or MAC")
    parser.add_argument("--json", action="store_true", help="as -o json")
    parser.add_argument("-r", "--running-config", action="store_true", help="only what somebody configured")
    parser.add_argument("-k", "--kernel", action="store_true", help="for nmstatectl's sake: it is always the kernel's")
    parser.add_argument("-s", "--show-secrets", action="store_true", help="macsec keys as they are, not hidden")
    parser.add_argument("--node", metavar="NODE", help="another node, as it tells the cluster that kubectl would ask")
    parser.add_argument("--kubeconfig", metavar="FILE", help="where that node is, instead of $KUBECONFIG")
    parser.add_argument("--context", metavar="CONTEXT", help="where that node is: this context")
    parser.add_argument("-w", "--watch", action="store_true", help="show it again whenever something changes")


def run(call: Call) -> int:
    from nncp_agent import shown  # late, as all below: help needs no kernel

    options = call.options
    if options.json:
        options.output = "json"
    if options.watch:
        return _watch(call)
    if options.node:
        return _elsewhere(call)
    with call.kernel() as kernel:
        host = _overview(call, kernel)
    if options.output == "json" and not (options.names or options.find or options.running_config):
        # one by one: a large host needs more memory for its text than for its records
        call.write({"interfaces": shown.interfaces(host, _notes(call)), **shown.sections(host)}, "json")
        return OK
    state = _state(call, host)
    for piece in _pieces(call, state, host):
        call.world.stdout.write(piece)
    unknown = [name for name in options.names if name not in host.links]
    for name in unknown:
        call.error(f"no interface '{name}'{_did_you_mean(name, host)}")
    if options.find and not state["interfaces"] and not unknown:
        call.say(f"no interface has '{options.find}' in its name, addresses or MAC")
    return FAILED if unknown else OK


def _elsewhere(call: Call) -> int:
    """What another node is like, by its own last word."""
    from nncp_agent.cli.reported import elsewhere  # late: it loads the client of Kubernetes

    state, options = elsewhere.show(call, call.options.node), call.options
    there = {str(each["name"]) for each in state["interfaces"]}
    missing = [name for name in options.names if name not in there]
    if options.names or options.find:
        state = _chosen(state, options.names, options.find)
    form = _form(call)
    if form in ("yaml", "json"):
        call.write(state, form)
    else:
        from nncp_agent.cli import overview
        from nncp_agent.observe import of_tree

        if form == "svg":
            raise Usage("nncp show: no picture of another node; its own nncp draws one")
        draw = overview.table if form == "table" else overview.tree
        host = elsewhere.host_of(state)
        call.world.stdout.write(draw(of_tree(state), host, {}, call.style(), everything=bool(options.names)))
    for name in missing:
        call.error(f"no interface '{name}' on {options.node}")
    return FAILED if missing else OK


def _watch(call: Call) -> int:
    """What is asked for may come and go meanwhile; its absence is no error."""
    from nncp_agent.cli import follow

    if call.options.output == "svg":
        raise Usage("nncp show: -w redraws text; for a picture leave it out")
    with call.kernel() as kernel:

        def look() -> str:
            host = _overview(call, kernel)
            return "".join(_pieces(call, _state(call, host), host))

        between = "---\n" if _form(call) == "yaml" else "" if _form(call) == "json" else "\n"
        follow.run(look, kernel.wait, call.world.stdout, call.style(), between)
    return OK


def _overview(call: Call, kernel: Kernel) -> Host:
    """Where there is no room for the settings of ethtool(8) nobody asks the drivers for more than the speed."""
    from netkernel import ethtool
    from nncp_agent import shown

    also = ethtool.PARTS if _form(call) in ("yaml", "json") else (ethtool.SPEED,)
    return kernel.overview(shown.routes.RUNNING_PROTOCOLS, also)


def _state(call: Call, host: Host) -> Tree:
    from nncp_agent import shown

    state, options = shown.state(host, _notes(call)), call.options
    if options.running_config:
        from nncp_agent.shown.running import running_config

        state = running_config(state)
    return _chosen(state, options.names, options.find) if options.names or options.find else state


def _notes(call: Call) -> Mapping[str, Note]:
    """A directory that only root may read is no reason to show nothing."""
    from nncp_agent import notes
    from nncp_agent.errors import StoreBroken

    try:
        return notes.read(call.state_directory(), call.options.show_secrets)
    except StoreBroken as error:
        call.warn(f"{error}: descriptions are left out")
        return {}


def _chosen(state: Tree, names: list[str], find: str | None) -> Tree:
    from nncp_agent.cli import choose

    return choose.only(state, lambda each: (not names or each["name"] in names) and choose.matches(each, find or ""))


def _form(call: Call) -> str:
    return call.options.output or ("table" if call.world.stdout.isatty() else "yaml")


def _pieces(call: Call, state: Tree, host: Host) -> Iterator[str]:
    form, everything = _form(call), bool(call.options.names)
    if form in ("yaml", "json"):
        yield from call.pieces(state, form)
        return
    from nncp_agent.cli import glance
    from nncp_agent.observe import of_tree

    held = glance.hands(call.world.holders(host.links), call.world.named(host.links), everything)
    if form == "svg":
        from nncp_agent.cli.picture import svg

        yield from svg.draw(of_tree(state), host, _title(), held, everything=everything)
        return
    from nncp_agent.cli import overview

    draw = overview.table if form == "table" else overview.tree
    yield draw(of_tree(state), host, held, call.style(), everything=everything)


def _title() -> str:
    import os
    import time

    return f"{os.uname().nodename}, {time.strftime('%Y-%m-%d %H:%M')}"


def _did_you_mean(name: str, host: Host) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, host.links, n=1)
    return f": did you mean '{close[0]}'?" if close else ""
