"""Make the host look like the policies, or leave it exactly as it was.

All files are one change. It is kept only when the kernel shows what was asked for and whatever answered before
(default gateway, name servers, --check) answers after. Otherwise, and after a crash or a kill, everything goes back.
Prints what was done, one change per line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK
from nncp_agent.cli.words import Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp apply bond1.yaml br1.yaml
  nncp apply --no-commit --timeout 120 risky.yaml
                                then `nncp commit` within two minutes
  nncp apply --check tcp://10.0.0.5:6443 node.yaml
                                the API server must stay reachable too
  nncp apply --cluster bond1.yaml --wait 600
                                as kubectl does, and until it is so everywhere
  nncp apply --claim bond1.yaml also what NetworkManager or networkd holds
"""


def arguments(parser: ArgumentParser) -> None:
    from nncp_agent.cli import applying, node

    parser.add_argument("files", metavar="FILE", nargs="*", help="policies or network states, - for stdin")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be done: `nncp plan`")
    applying.arguments(parser)
    parser.add_argument("-k", "--kernel", action="store_true", help="for nmstatectl's sake: the kernel is all there is")
    parser.add_argument("-s", "--show-secrets", action="store_true", help="likewise: what nncp prints holds none")
    parser.add_argument("--claim", action="store_true", help="take over links that another manager holds")
    node.arguments(parser)
    parser.add_argument(
        "--cluster", action="store_true", help="not to this host: to the cluster that kubectl would ask"
    )
    parser.add_argument("--kubeconfig", metavar="FILE", help="to the cluster in this file, instead of $KUBECONFIG")
    parser.add_argument("--context", metavar="CONTEXT", help="to this context of it")
    parser.add_argument("--wait", metavar="SECONDS", type=int, help="with a cluster: until all nodes have it, or not")


def run(call: Call) -> int:
    from nncp_agent.cli import applying, policies

    options = call.options
    if options.cluster or options.kubeconfig or options.context or call.world.of_kubectl:
        from nncp_agent.cli.reported import sending

        return sending.run(call, options.files)
    if options.wait is not None:
        raise Usage("nncp apply: --wait is for --cluster: on this host apply returns when it is done")

    if call.options.dry_run:
        from nncp_agent.cli import foretold

        foretold.policy(call, policies.understood(call, call.options.files))
        return OK
    call.needs_root()
    return applying.run(call, policies.understood(call, call.options.files), command(call.options.files))


def command(files: list[str]) -> str:
    """What the history, and whoever has to wait, is told."""
    more = [f"and {len(files) - 3} more"] if len(files) > 3 else []
    return " ".join(["nncp apply", *files[:3], *more])
