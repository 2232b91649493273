"""`./dev demo [--no-cluster]`. Runs inside the lab, in a namespace of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from lab import cluster
from lab.demo import by_hand, declared, workloads
from lab.demo.node import RACK, build_node
from lab.demo.story import Story
from netkernel import netns


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--no-cluster", action="store_true", help="policies in a directory instead of a Kubernetes API")
    asked = parser.parse_args(words)
    with netns.throw_away(), tempfile.TemporaryDirectory() as directory:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        story = Story(Path(directory), colour=colour)
        build_node()
        try:
            by_hand.tell(story)
            _declared(story, in_cluster=not asked.no_cluster)
        finally:
            subprocess.run(["ip", "netns", "delete", RACK], check=False)
    print(f"\nAll {story.promises} promises were verified with iproute2, on Linux {os.uname().release}.")
    return 0


def _declared(story: Story, *, in_cluster: bool) -> None:
    with ExitStack() as ending:
        if in_cluster:
            story.chapter("9. The same, declared: a Kubernetes API starts, and this node joins it.")
            server = ending.enter_context(cluster.running(story.directory / "cluster"))
            place: declared.Cluster | declared.Directory = declared.Cluster(server)
        else:
            story.chapter("9. The same, declared: policies in a directory, and the daemon that keeps them.")
            place = declared.Directory()
        story.environment |= place.environment
        place.begin(story)
        if in_cluster:
            ending.enter_context(declared.running(story, "central"))
        socket = str(story.directory / "run" / "cni" / "socket")
        ending.enter_context(declared.running(story, "daemon", "--cni-socket", socket, *place.options))
        declared.tell(story, place)
        workloads.tell(story)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
