"""What became of all parts of a run, in one closing line, one exit status, one JUnit file."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

ORDER: Final = ("failed", "passed", "skipped", "xfailed", "xpassed", "errors")
"""As pytest's own closing line has it."""
NO_TESTS: Final = 5
"""pytest's exit status when it collected nothing."""


def closing_line(outcomes: Mapping[str, str], seconds: float, status: int) -> str:
    """pytest's last line, for all parts; that nothing ran although something should have is an error too."""
    counted = Counter("errors" if what == "began" else what for what in outcomes.values())
    nothing = "no tests ran" if status in (0, NO_TESTS) else "1 error"
    said = ", ".join(f"{counted[word]} {word}" for word in ORDER if counted[word]) or nothing
    return f" {said} in {seconds:.2f}s ".center(80, "=")


def exit_status(host: int, guests: Iterable[int]) -> int:
    """The worst of all; that nothing was left for the host's own kernel is no failure when guests had work."""
    statuses = list(guests)
    return max([0 if host == NO_TESTS and statuses else host, *statuses])


def merge_junit(parts: Iterable[Path], destination: Path) -> None:
    root = ElementTree.Element("testsuites")
    for part in parts:
        if part.exists():
            root.extend(ElementTree.parse(part).getroot())
    ElementTree.ElementTree(root).write(destination, encoding="utf-8", xml_declaration=True)
