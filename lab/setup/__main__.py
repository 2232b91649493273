"""`./dev VERB`: set up what the verb needs, say what that is, and hand over to the tree's own Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lab import browser
from lab.setup import apt, peers, venv
from lab.setup.base import TREE, SetupFailed

NETWORK: Final = (
    "dnsmasq-base",
    "ethtool",
    "iproute2",
    "iptables",
    "iputils-ping",
    "kmod",
    "nftables",
    "procps",
    "util-linux",
)
"""What probes, tests and demos run."""
CLUSTER: Final = ("openssl",)
"""What an API server's certificate is made with; the server itself is built when something needs it."""
TESTS: Final = (*NETWORK, peers.PLUGINS, browser.PACKAGE, "libvirt-clients", "libxml2-utils")
"""With the CNI plugins written in Go, whose place ours take, and libvirt's schemas with what holds XML against them."""


@dataclass(frozen=True)
class Verb:
    usage: str
    purpose: str
    packages: tuple[str, ...] = ()


VERBS: Final = {
    "test": Verb(
        "[--reference] [PYTEST ARGS]", "the tests, in a test kernel where this one lacks what they need", TESTS
    ),
    "check": Verb("", "lint, types, floors, schemas, cold starts: everything but the tests"),
    "bench": Verb("[NAME…]", "side by side with the peers, as ratios", NETWORK),
    "demo": Verb("[--no-cluster]", "the story from beginning to end", (*NETWORK, *CLUSTER)),
    "cluster": Verb("[CMD…]", "a Kubernetes API server and etcd: for CMD, or until ^C", CLUSTER),
    "lab": Verb("[--reference] [-- CMD…]", "a command under a full-featured kernel; without CMD a shell", NETWORK),
}


def usage() -> str:
    lines = [f"  ./dev {name + ' ' + verb.usage:34} {verb.purpose}" for name, verb in VERBS.items()]
    return "\n".join(
        ["Each verb sets up what it needs: packages, .venv, a test kernel. A second run sets up nothing.", "", *lines]
    )


def main(words: Sequence[str]) -> int:
    name, rest = (words[0], words[1:]) if words else ("", [])
    if name in ("", "help", "-h", "--help"):
        print(usage())
        return 0 if name else 2
    if name not in VERBS:
        print(f"dev: no verb {name!r}\n\n{usage()}", file=sys.stderr)
        return 2
    try:
        apt.ensure(VERBS[name].packages, f"./dev {name}")
        if name == "test":
            peers.fetch_newer_plugins()
        python = venv.python()
    except SetupFailed as failure:
        print(f"dev: {failure}", file=sys.stderr)
        return 1
    path = f"{python.parent}:{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(python.parent.parent)}
    os.chdir(TREE)
    os.execve(python, [str(python), "-m", "lab", name, *rest], environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
