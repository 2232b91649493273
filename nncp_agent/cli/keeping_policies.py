"""The part of the daemon that keeps policies, with the doors that the options say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netkernel.frozen import replace
from nncp_agent.cli import in_cluster
from nncp_agent.cli.call import Call
from nncp_agent.files import CLAIM
from nncp_agent.node.directory import Directory
from nncp_agent.node.doors import Changed, Reports
from nncp_agent.node.engine import Engine
from nncp_agent.node.sink import RUN, VARIABLE, FileReports, NoSlots
from nncp_agent.node.statuses import FileStatuses
from nncp_agent.node.turn import Doors
from nncp_agent.options import Options

if TYPE_CHECKING:
    from nncp_agent.kube.node_side import NodeSide
    from nncp_agent.metrics.node import NodeMetrics


def run_directory(call: Call) -> str:
    """That of --run-dir, $NNCP_RUN_DIR, or the usual one."""
    return call.options.run_dir or call.world.environ.get(VARIABLE) or RUN


def part(call: Call, changed: Changed, metrics: NodeMetrics | None = None, side: NodeSide | None = None) -> Engine:
    """For policies from a cluster, or from a directory.

    `changed` hears of each apply, `metrics` of what becomes of each policy.
    """
    store = call.store()
    if side is not None:
        doors = in_cluster.doors(side, changed)
        doors = replace(doors, reports=counted(doors.reports, metrics))
        return Engine(doors, store, options(call), call.kernel)
    source = Directory(call.options.manifests, call.options.node_file, store)
    run = run_directory(call)
    doors = Doors(source, counted(FileReports(run), metrics), NoSlots(), changed, FileStatuses(run))
    return Engine(doors, store, options(call), call.kernel)


def counted(reports: Reports, metrics: NodeMetrics | None) -> Reports:
    """`reports` that `metrics`, if there are any, hear of, too."""
    if metrics is None:
        return reports
    from nncp_agent.daemon.counting import CountingReports  # late: few want metrics

    return CountingReports(reports, metrics)


def options(call: Call) -> Options:
    """How policies are applied here."""
    stated = Options(
        refusals=call.refusals(),
        holders=call.world.holders,
        link_files=call.world.link_files,
        claim=call.world.environ.get(CLAIM) == "1",
    )
    return call.world.adapt(stated)
