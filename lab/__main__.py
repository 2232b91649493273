"""The verbs of `./dev`, in the tree's own Python; `lab.setup` has prepared what they need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from lab import again, check, cluster, guest, host_network, person, request, virtual
from lab.guest.qemu import Reference
from lab.guest.uml import UserModeLinux
from lab.run_tests import Run
from lab.setup import kernel, peers, reference
from lab.setup.base import SetupFailed, cache, say

KEPT_RUNS: Final = 20


def main(words: Sequence[str]) -> int:
    try:
        return VERBS[words[0]](words[1:])
    except SetupFailed as failure:
        say(str(failure))
        return 1


def test(words: Sequence[str]) -> int:
    asked = request.parse(words, os.environ, color=sys.stdout.isatty())
    return untouched(partial(tests_of, asked), strict=asked.strict)


def tests_of(asked: request.Request) -> int:
    with run_directory() as work:
        run = Run(asked, work, partial(test_kernel, asked.reference), is_at_hand(asked.reference))
        status = run.run()
    failed = again.worth_asking(status, run.found) if asked.again else ()
    return again.ask(failed, lambda nodes: tests_of(asked.only(nodes))) if failed else status


def in_lab(words: Sequence[str]) -> int:
    on_reference = words[:1] == ["--reference"]
    command = [*words[on_reference:]]
    if command[:1] == ["--"]:
        command = command[1:]
    return for_a_person(command or ["/bin/bash"], on_reference=on_reference, always_guest=False)


def demo(words: Sequence[str]) -> int:
    """With a virtual machine in it, and a Kubernetes API unless told otherwise."""
    virtual.prepare()
    if "--no-cluster" not in words:
        cluster.prepare()
    return for_a_person([sys.executable, "-m", "lab.demo", *words], on_reference=False, always_guest=False)


def bench(words: Sequence[str]) -> int:
    """What any kernel can do is measured on this one; the rest in a guest, into whose root a peer can be laid."""
    command = [sys.executable, "-m", "tests.bench"]
    peer = str(peers.unpacked("ifupdown2"))
    virtual.prepare()
    status = untouched(lambda: subprocess.run([*command, *words], check=False).returncode, strict=False)
    return status or for_a_person([*command, "--guest", peer, *words], on_reference=False, always_guest=True)


def for_a_person(command: Sequence[str], *, on_reference: bool, always_guest: bool) -> int:
    if os.geteuid() != 0:
        raise SetupFailed("the lab makes namespaces: run it as root")
    with run_directory() as work:
        kernels = partial(test_kernel, on_reference)
        act = partial(person.run, command, work, kernels, always_guest=always_guest or on_reference)
        return untouched(act, strict=False)


def untouched(act: Callable[[], int], *, strict: bool) -> int:
    """Do it, and compare the user's own network before and after; with `strict` a difference is a failure."""
    before = host_network.take()
    status = act()
    if not (changed := before.differences(host_network.take())):
        return status
    say("this host's own network is not as it was; that was us or somebody else meanwhile:")
    for line in changed:
        print(f"    {line}", file=sys.stderr)
    return max(status, 1) if strict else status


def test_kernel(on_reference: bool) -> guest.GuestKernel:
    return Reference(reference.ensure()) if on_reference else UserModeLinux(kernel.ensure())


def is_at_hand(on_reference: bool) -> bool:
    return (reference.at_hand() if on_reference else kernel.at_hand()) is not None


@contextmanager
def run_directory() -> Iterator[Path]:
    """Where a run's errands, claims and consoles are; the newest few stay, for whoever looks for a reason."""
    runs = cache() / "runs"
    runs.mkdir(exist_ok=True)
    for old in sorted(runs.iterdir(), key=os.path.getmtime)[:-KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    yield Path(tempfile.mkdtemp(prefix="run-", dir=runs))


VERBS: Final[Mapping[str, Callable[[Sequence[str]], int]]] = {
    "test": test,
    "check": check.main,
    "lab": in_lab,
    "bench": bench,
    "demo": demo,
    "cluster": cluster.main,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
