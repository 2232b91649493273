"""What the user asked of `./dev test`, and the pytest commands that follow from it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lab import guest
from lab.deferral import Deferral

HANGING_S: Final = 120
"""After so long in one test pytest prints where every thread stands; a guest's limit of silence comes later."""
MOST_GUESTS: Final = 4
TESTS_PER_GUEST: Final = 8
"""A boot is worth it from about so many tests."""


@dataclass(frozen=True, slots=True)
class Request:
    """`arguments` are pytest's own."""

    arguments: tuple[str, ...]
    reference: bool = False
    strict: bool = False
    again: bool = False
    junit: Path | None = None
    color: bool = False

    def only(self, nodes: Sequence[str]) -> Request:
        """The same for these tests alone, once; the report of the whole run stays."""
        return replace(self, arguments=tuple(nodes), again=False, junit=None)

    def host_command(self, python: str, work: Path, told: int) -> list[str]:
        """pytest on this kernel; it writes what it cannot run to the file descriptor `told`."""
        everything = ["--lab-defer-all"] if self.reference else []
        return self._pytest(python, work, "host", *self.arguments, f"--lab-unmet={told}", *everything)

    def guest_command(self, python: str, work: Path, deferral: Deferral, place: int, number: int) -> list[str]:
        """pytest in the guest number `place` of `number`, which share the deferred tests."""
        return self._pytest(
            *(python, work, f"guest{place}"),
            *(*deferral.options, f"@{selection(work)}"),
            *("-p", "no:cacheprovider", "-o", f"faulthandler_timeout={HANGING_S * (10 if self.reference else 1)}"),
            f"--lab-unmet={'skip' if self.reference and not self.strict else 'fail'}",
            *(f"--lab-share={claims(work)}", f"--lab-start={place / number}"),
        )

    def _pytest(self, python: str, work: Path, part: str, *words: str) -> list[str]:
        """The user's words may choose a color; what is each part's own comes last and wins."""
        color = f"--color={'yes' if self.color else 'no'}"
        report = [f"--junit-xml={junit(work, part)}"] if self.junit else []
        return [python, "-m", "pytest", color, *words, *report, f"--lab-progress={progress(work, part)}"]


def parse(words: Sequence[str], environment: Mapping[str, str], *, color: bool = False) -> Request:
    parser = argparse.ArgumentParser(
        prog="./dev test",
        allow_abbrev=False,
        description="Run the tests, in a test kernel where this one lacks what they need. All else goes to pytest.",
    )
    parser.add_argument("--reference", action="store_true", help="kernel tests only, on the distribution's own kernel")
    parser.add_argument("--strict", action="store_true", help="a test no kernel could run fails; CI=true says so too")
    parser.add_argument("--again", action="store_true", help="the few that failed are asked once more, by themselves")
    parser.add_argument("--junit-xml", "--junitxml", type=Path, metavar="FILE", help="one report of all parts")
    known, rest = parser.parse_known_args(words)
    return Request(
        arguments=tuple(word for word in rest if word != "--"),
        reference=known.reference,
        strict=known.strict or environment.get("CI", "").lower() in ("1", "true"),
        again=known.again,
        junit=known.junit_xml,
        color=color,
    )


def number_of_guests(tests: int, cpus: int, kernel: guest.GuestKernel) -> int:
    """Slow kernels earn a second boot sooner."""
    return max(1, min(cpus, MOST_GUESTS, int(tests * kernel.slowness) // TESTS_PER_GUEST))


def lay_out(work: Path, tests: Sequence[str]) -> None:
    claims(work).mkdir()
    selection(work).write_text("".join(f"{test}\n" for test in tests))


def claims(work: Path) -> Path:
    return work / "claims"


def selection(work: Path) -> Path:
    return work / "tests"


def progress(work: Path, part: str) -> Path:
    return work / f"{part}.progress"


def junit(work: Path, part: str) -> Path:
    return work / f"{part}.xml"
