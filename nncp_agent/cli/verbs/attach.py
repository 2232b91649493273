"""Attach a network namespace as Multus attaches a pod, so that a definition can be tried without a cluster.

NAD is what stands in a pod's annotation: [namespace/]name[@interface], several with commas, or JSON with mac, ips,
cni-args, portMappings, bandwidth and default-route, which takes the place of the default routes that there are. The
plugins are found in CNI_PATH, or in the folders of --bin-dir. Printed is the pod's network-status.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from nncp_agent.attaching.memory import OfPod
    from nncp_agent.definitions.manifests import Definition
    from nncp_agent.definitions.selection import Selection

EXAMPLES = """\
  nncp attach vlan-93 -f nad-vlan-93.yaml --new demo
  nncp attach '[{"name": "br1", "mac": "02:00:00:00:00:01"}]' -f n.yml --netns x
  nncp detach --netns demo      take it all back
"""
BIN_DIRS = "/opt/cni/bin:/usr/lib/cni:/usr/libexec/cni"


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("networks", metavar="NAD", help="the networks, as in a pod's annotation")
    add("-f", "--file", metavar="FILE", action="append", default=[], help="where definitions are; may be repeated")
    add("--netns", metavar="NETNS", help="a network namespace, by name or path")
    add("--new", metavar="NETNS", help="make the namespace; it goes with its last network")
    add("--pod", metavar="NS/NAME", help="whose it is, by default default/NETNS")
    add("--args", metavar="ARGS", default="", help="more for CNI_ARGS: KEY=VALUE;KEY=VALUE")
    add("--bin-dir", metavar="DIR", action="append", default=[], help="where plugins are; may be repeated")


def run(call: Call) -> int:
    from netkernel import netns
    from nncp_agent.attaching import attach
    from nncp_agent.cli import pods_of
    from nncp_agent.cli.words import Usage

    options = call.options
    if bool(options.netns) == bool(options.new):
        raise Usage("nncp attach: wanted --netns, or --new for one to be made")
    call.needs_root()
    of_pod = pods_of.pod(call, options.new or options.netns)
    wanted = _wanted(call, of_pod.namespace)
    definitions = _definitions(call)
    chosen = [attach.chosen(each, definitions, of_pod.namespace) for each in wanted]
    if options.new:
        netns.make(of_pod.netns)
        of_pod = _ours(of_pod)
    try:
        statuses = _attached(call, of_pod, list(zip(chosen, wanted, strict=True)))
    except BaseException:
        if options.new:
            netns.remove(of_pod.netns)
        raise
    call.write(statuses, "json")
    return OK


def _attached(call: Call, of_pod: OfPod, networks: Sequence[tuple[Definition, Selection]]) -> list[object]:
    """All of them or none. Raises NotAttached."""
    from nncp_agent.attaching import NotAttached, attach

    store, before, statuses = call.store(), of_pod, []
    for definition, selection in networks:
        try:
            of_pod, status = attach.attach(
                store,
                of_pod,
                definition,
                selection,
                path=_path(call),
                args=call.options.args,
                environ=call.world.environ,
            )
        except NotAttached:
            new = {each.interface for each in of_pod.interfaces} - {each.interface for each in before.interfaces}
            if new:
                attach.detach(store, of_pod, new, netns=of_pod.netns, environ=call.world.environ)
            raise
        statuses.append(status)
    return list(statuses)


def _ours(of_pod: OfPod) -> OfPod:
    from nncp_agent.attaching.memory import OfPod

    return OfPod(of_pod.namespace, of_pod.name, of_pod.netns, is_ours=True)


def _wanted(call: Call, namespace: str) -> list[Selection]:
    from nncp_agent.cli.words import Usage
    from nncp_agent.definitions import selection

    wanted, mistakes = selection.read(call.options.networks, namespace)
    if mistakes:
        raise Usage("\n".join(f"nncp attach: {each.message}" for each in mistakes))
    return wanted


def _definitions(call: Call) -> list[Definition]:
    """Those of all files. Raises InvalidPolicy for what cannot be read."""
    from nncp_agent.cli import files
    from nncp_agent.definitions import manifests
    from nncp_agent.errors import InvalidPolicy, Problem

    contents = [manifests.read(text, source) for source, text in files.texts(call, call.options.file)]
    wrong = [each for found in contents for each in found.findings if not each.is_warning]
    if wrong:
        raise InvalidPolicy([Problem("", each.message, each.source, each.line, column=each.column) for each in wrong])
    return [each for found in contents for each in found.definitions]


def _path(call: Call) -> str:
    """Where plugins are: our own last, as they came with this program."""
    import sys

    stated = ":".join(call.options.bin_dir) or call.world.environ.get("CNI_PATH") or BIN_DIRS
    return f"{stated}:{os.path.dirname(sys.executable)}"
