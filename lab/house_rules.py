"""House rules that no linter knows, found in the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.setup.base import TREE

PRODUCT: Final = ("netkernel", "nncp_agent", "cni", "vmnet")
EVERYWHERE: Final = (*PRODUCT, "lab", "tests", "schemas")


BANNER: Final = re.compile(r"\s*# ?[-=*]{3,}")


@dataclass(frozen=True, slots=True)
class Rule:
    """A dotted name as it is written (`time.sleep`), where it may not stand, and what to do instead."""

    written: str
    where: tuple[str, ...]
    instead: str
    but: tuple[str, ...] = ()


RULES: Final = (
    Rule("time.sleep", EVERYWHERE, "wait for the condition itself, with a deadline"),
    Rule("unittest.mock", EVERYWHERE, "pass a fake at a seam that exists"),
    Rule("monkeypatch", EVERYWHERE, "pass a fake at a seam that exists", but=("lab/house_rules.py",)),
    Rule("pytest.skip", EVERYWHERE, "say what the test needs: @pytest.mark.needs_kernel", but=("lab/plugin.py",)),
    Rule("pytest.mark.skip", EVERYWHERE, "say what the test needs: @pytest.mark.needs_kernel"),
    Rule("pytest.mark.skipif", EVERYWHERE, "say what the test needs: @pytest.mark.needs_kernel"),
    Rule("dataclasses", PRODUCT, "netkernel.frozen costs a cold start nothing", but=("netkernel/frozen.py",)),
    Rule("socket.AF_NETLINK", ("nncp_agent", "cni", "vmnet"), "netkernel is the one door to netlink"),
    Rule("AF_NETLINK", ("nncp_agent", "cni", "vmnet"), "netkernel is the one door to netlink"),
)


def broken(tree: Path = TREE) -> str:
    """One line for each place that breaks a rule."""
    files = [file for folder in EVERYWHERE for file in sorted((tree / folder).rglob("*.py"))]
    return "\n".join(line for file in files for line in of(file, tree))


def of(file: Path, tree: Path) -> Iterator[str]:
    place, text = file.relative_to(tree), file.read_text()
    for number, line in enumerate(text.splitlines(), start=1):
        if BANNER.match(line):
            yield f"{place}:{number}: a banner: what wants one is a second noun, and has a file of its own"
    rules = [rule for rule in RULES if place.parts[0] in rule.where and str(place) not in rule.but]
    for number, name in names(ast.parse(text, filename=str(file))):
        for rule in rules:
            if name == rule.written:
                yield f"{place}:{number}: {name}: {rule.instead}"


def names(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Every dotted name that is used or imported, and every argument, with its line."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
