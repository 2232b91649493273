"""`./dev bench [WORD…]`: every contest (or those with a word in their title), as a table of ratios."""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path

from tests.bench import bridge_vlans, ifupdown2, links, policy
from tests.bench.contest import Contest, Line, hold

HEAD = f"{'work / peer':62} {'ours':>16} {'peer':>16} {'ratio':>8} {'goal':>7}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--ifupdown2", type=Path, help="its unpacked package; only where this root is a test kernel's")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only contests with such a word in their title")
    asked = parser.parse_args(arguments)
    words = asked.words
    contests: list[Contest] = [*links.contests(), *bridge_vlans.contests()]
    if asked.ifupdown2:
        ifupdown2.lay_down(asked.ifupdown2)
        contests += policy.contests()
    print(f"CPU ms (wall ms), medians of interleaved rounds; Linux {platform.release()}, {platform.python_version()}")
    print(HEAD)
    missed = 0
    for contest in contests:
        if words and not any(word in contest.title for word in words):
            continue
        for line in hold(contest):
            print(_row(line), flush=True)
            missed += line.goal is not None and line.ratio > line.goal
    if missed:
        print(f"{missed} goal{'s' * (missed > 1)} missed")
    return 0


def _row(line: Line) -> str:
    def clock(cpu_s: float, wall_s: float) -> str:
        return f"{cpu_s * 1e3:.1f} ({wall_s * 1e3:.0f})"

    goal = "" if line.goal is None else f"{line.goal:.3g}"
    missed = " !" if line.goal is not None and line.ratio > line.goal else ""
    return (
        f"{line.title + ' / ' + line.peer_name:<62.62} {clock(line.ours.cpu_s, line.ours.wall_s):>16}"
        f" {clock(line.peer.cpu_s, line.peer.wall_s):>16} {line.ratio:>8.3f} {goal:>7}{missed}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
