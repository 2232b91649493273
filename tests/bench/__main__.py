"""`./dev bench [WORD…]`: every contest (or those with a word in their title), as a table of ratios."""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import os
import platform
import shutil
import sys
import venv
from pathlib import Path

from tests.bench import bridge_vlans, budgets, cni, ifupdown2, links, policy, scale, vm_nics, yaml_readers
from tests.bench.contest import Contest, Line, hold

PACKAGES = ("netkernel", "nncp_agent", "vmnet")
HEAD = f"{'work / peer':64} {'ours':>16} {'peer':>16} {'ratio':>8} {'goal':>7}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--guest", type=Path, metavar="DIR", help="this is a test kernel; DIR has ifupdown2, unpacked")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only contests with such a word in their title")
    asked = parser.parse_args(arguments)
    words = asked.words
    _compile()
    contests: list[Contest] = [*links.contests(), *cni.contests(), *vm_nics.contests()]
    if asked.guest:
        ifupdown2.lay_down(asked.guest)
        contests = [
            *bridge_vlans.contests(),
            *cni.in_a_vlan(),
            *policy.contests(python := _installed()),
            *scale.contests(python),
        ]
        print("both programs lie compiled in the guest's memory; the interpreters' own libraries are the host's files")
    print(f"CPU ms (wall ms), medians of interleaved rounds; Linux {platform.release()}, {platform.python_version()}")
    print(HEAD)
    missed = 0
    for contest in contests:
        if words and not any(word in contest.title for word in words):
            continue
        for line in hold(contest):
            print(_row(line), flush=True)
            missed += line.goal is not None and line.ratio > line.goal
    if not asked.guest:
        for row, is_missed in budgets.rows(words):
            print(row, flush=True)
            missed += is_missed
        for row in vm_nics.rows(words):
            print(row, flush=True)
        if not words or any(word in yaml_readers.TITLE for word in words):
            for row in yaml_readers.table():
                print(row, flush=True)
    if missed:
        print(f"{missed} goal{'s' * (missed > 1)} missed")
    return 0


def _compile(parent: Path = Path()) -> None:
    """Our packages, as pip leaves them: what is measured are commands, and not the compiler before the first of them.

    Whoever runs us may not want files beside theirs; then a command would compile itself again in every round.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for package in PACKAGES:
        compileall.compile_dir(parent / package, quiet=1)


def _installed() -> str:
    """An interpreter with our packages and theirs beside it, as pip lays them down, in the guest's memory.

    The guest's window to the host's files costs ms per import, and a developer's environment has more in it.
    """
    home = Path("/run/bench")
    venv.create(home, with_pip=False)
    packages = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for package in PACKAGES:
        shutil.copytree(package, packages / package)
    _compile(packages)
    for library in ("msgspec", "yaml"):
        found = importlib.util.find_spec(library)
        assert found is not None and found.origin is not None
        shutil.copytree(Path(found.origin).parent, packages / library)
    os.chdir(home)  # `python -m` looks in the current folder first
    return str(home / "bin" / "python")


def _row(line: Line) -> str:
    def clock(cpu_s: float, wall_s: float) -> str:
        return f"{cpu_s * 1e3:.1f} ({wall_s * 1e3:.0f})"

    goal = "" if line.goal is None else f"{line.goal:.3g}"
    missed = " !" if line.goal is not None and line.ratio > line.goal else ""
    return (
        f"{line.title + ' / ' + line.peer_name:<64.64} {clock(line.ours.cpu_s, line.ours.wall_s):>16}"
        f" {clock(line.peer.cpu_s, line.peer.wall_s):>16} {line.ratio:>8.3f} {goal:>7}{missed}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
