"""Look at network definitions before a pod ever meets them: `nncp nad lint FILE…`.

FILE is a manifest with NetworkAttachmentDefinitions, or with the pods and VMs that refer to them, or a plugin's own
configuration. Said is what is wrong where, to the line and column also within `config`: JSON, keys, types, VLANs, MTUs,
bridges of this node, names that two share, references that lead nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import INVALID, OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.definitions.lint import OnNode, Report

EXAMPLES = """\
  nncp nad lint *.yaml          definitions with the pods that refer to them
  nncp nad lint --no-node -     in a pipeline, away from the node
"""


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("action", choices=("lint",), metavar="lint", help="say what is wrong with definitions, and with references")
    add("files", metavar="FILE", nargs="*", help="manifests or configurations, - for stdin")
    add("--no-node", action="store_true", help="do not compare with the bridges and VLANs of this node")
    add("-o", "--output", choices=("text", "json"), metavar="FORMAT", help="text or json")


def run(call: Call) -> int:
    from nncp_agent.cli import files
    from nncp_agent.definitions.lint import lint

    texts = files.texts(call, call.options.files)
    report = lint(texts) if call.options.no_node else lint(texts, _node(call))
    if call.options.output == "json":
        call.write([_plain(finding) for finding in report.findings], "json")
    else:
        for finding in report.findings:
            call.print(str(finding))
            if finding.excerpt:
                call.print("\n".join(f"    {line}" for line in finding.excerpt.splitlines()))
    call.say(_summary(report))
    return INVALID if report.errors else OK


def _node(call: Call) -> OnNode:
    from cni.bridge.plugin import promised_bridges
    from nncp_agent import promises
    from nncp_agent.definitions import node

    with call.kernel() as kernel:
        host = kernel.snapshot()
    promised = promised_bridges(str(call.store().path(promises.FILE)))
    return lambda config: node.check(config, host, promised)


def _plain(finding: object) -> dict[str, object]:
    names = ("source", "line", "column", "message")
    level = "warning" if getattr(finding, "is_warning", False) else "error"
    return {**{name: getattr(finding, name) for name in names}, "level": level}


def _summary(report: Report) -> str:
    from nncp_agent.cli.policies import count

    looked = f"{count(report.definitions, 'definition')}, {count(report.references, 'reference')}"
    warnings = len(report.findings) - report.errors
    return f"{looked}: {count(report.errors, 'error')}, {count(warnings, 'warning')}"
