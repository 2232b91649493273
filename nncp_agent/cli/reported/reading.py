"""Where a verb reads policies, enactments and states: the files of this node's daemon, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final

from netkernel.typed import Protocol
from nncp_agent.cli.call import Call
from nncp_agent.cli.words import Options, Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

Object = Mapping[str, Any]
Objects = Sequence[Object]
RUN_DIR: Final = "/run/nncp-agent"
RUN_DIR_VARIABLE: Final = "NNCP_RUN_DIR"


class Reading(Protocol):
    """Objects as they stand there. Everything raises NetworkError where that place cannot be read."""

    def policies(self) -> Objects: ...
    def enactments(self) -> Objects: ...
    def states(self) -> Objects: ...
    def nodes(self) -> Objects:
        """Nodes of Kubernetes, or one made of what this node says of itself."""

    def beats(self) -> Mapping[str, str]:
        """By node: when its daemon last said that it is alive (RFC 3339)."""

    def news(self) -> AbstractContextManager[Callable[[float], None]]:
        """While it lasts, its value waits for so many seconds at most until policies or enactments may be others."""


def arguments(parser: ArgumentParser) -> None:
    """Which of both, and how it is reached."""
    add = parser.add_argument
    add("--cluster", action="store_true", help="of the cluster that kubectl would ask")
    add("--kubeconfig", metavar="FILE", help="of the cluster in this file, instead of $KUBECONFIG")
    add("--context", metavar="CONTEXT", help="of this context of it")
    add("--run-dir", metavar="DIR", help=f"of this node's daemon, if not {RUN_DIR}")


def forms(parser: ArgumentParser) -> None:
    """How it is told."""
    choices = ("table", "yaml", "json", "name")
    parser.add_argument("-o", "--output", choices=choices, metavar="FORMAT", help="table, yaml, json or name")


def asks_a_cluster(call: Call) -> bool:
    """What says so: an option, being called kubectl-nncp, $KUBECONFIG; --run-dir says the contrary."""
    options = call.options
    if options.cluster or options.kubeconfig or options.context:
        if options.run_dir:
            raise Usage(f"nncp {options.verb}: --run-dir is for this node's files; leave it out for a cluster")
        return True
    return not options.run_dir and bool(call.world.of_kubectl or call.world.environ.get("KUBECONFIG"))


@contextmanager
def opened(call: Call) -> Iterator[Reading]:
    """Raises NetworkError, Usage."""
    if asks_a_cluster(call):
        from nncp_agent.cli.reported import from_cluster  # late, as the other: the client of Kubernetes is large

        with from_cluster.opened(call.options, call.world.environ) as cluster:
            yield cluster
    else:
        from nncp_agent.cli.reported import from_files

        yield from_files.Files(run_dir(call.options, call.world.environ))


def run_dir(options: Options, environ: Mapping[str, str]) -> str:
    """That of --run-dir, $NNCP_RUN_DIR, or the usual one."""
    return options.run_dir or environ.get(RUN_DIR_VARIABLE) or RUN_DIR


def tell(call: Call, objects: Objects, table: Callable[[], str]) -> None:
    """As it was asked for; a table where nothing was, as kubectl does."""
    form = call.options.output or "table"
    if form == "table":
        call.world.stdout.write(table())
    elif form == "name":
        for each in objects:
            call.print(f"{str(each.get('kind', '')).lower()}/{each['metadata']['name']}")
    else:
        call.write({"apiVersion": "v1", "kind": "List", "items": list(objects)}, form)


def named(objects: Objects, names: Sequence[str], call: Call) -> tuple[list[Object], bool]:
    """Those of these names, all if there are none; and whether all were found. What is missing is said."""
    by_name = {str(each["metadata"]["name"]): each for each in objects}
    if not names:
        return list(by_name.values()), True
    for name in (missing := [name for name in names if name not in by_name]):
        call.error(f"'{name}' is not there{_did_you_mean(name, by_name)}")
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name], not missing


def _did_you_mean(name: str, there: Mapping[str, Object]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, there, n=1)
    return f": did you mean '{close[0]}'?" if close else ""
