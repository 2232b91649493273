"""YAML readers side by side: how long one takes for a large policy, and what it makes of texts that are traps.

Readers that are not installed are left out; `ruamel.yaml`, `ryaml` and `yaml_rs` are worth a look.
"""

from __future__ import annotations

import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import yaml

from netkernel.documents import read
from tests.bench import scale

REFUSED = object()
"""What a text should come to that no reader may make anything of."""
TRAPS: tuple[tuple[str, object], ...] = (
    *((f"key: {word}", {"key": word}) for word in ("on", "no", "y", "010", "0o10", "1e5", "1_000", ".inf", "9" * 40)),
    *((f"key: {word}", {"key": word}) for word in ("11:22:33:44:55:06", "1:30", "2001-12-14", "0b11", "12e03")),
    ("on: 1\n93: 2\n", {"on": 1, "93": 2}),
    ("a: 0x1F", {"a": 31}),
    ("a: &x {m: 1}\nb: *x\n", {"a": {"m": 1}, "b": {"m": 1}}),
    ("a: &a {x: 1}\nb: {<<: *a, y: 2}\n", {"a": {"x": 1}, "b": {"x": 1, "y": 2}}),
    ("a: 1\na: 2\n", REFUSED),
    ("a: !!python/object:os.system x\n", REFUSED),
    ("a: !!binary aGk=\n", REFUSED),
    ("? [a]\n: 1\n", REFUSED),
    ("a: &x [*x]\n", REFUSED),
    ('a: "x\\0"\n', REFUSED),
    ("a: 1\n\0\n", REFUSED),
    ("".join(["a0: &a0 [x, x]\n", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 25))]), REFUSED),
)
ROUNDS = 3
MOST = 4
TITLE = "YAML: 1000 VLANs, 200 bridges"


def table() -> Iterator[str]:
    """A line for each reader that is here, and one above them."""
    text = yaml.safe_dump(scale.policy(1000, 200), sort_keys=False)
    yield f"\n{TITLE:40} {'CPU ms':>8} {'import ms':>10}   traps it falls into"
    for name, module, load in _readers():
        failed = [_short(trap) for trap, wanted in TRAPS if not _passes(load, trap, wanted)]
        told = f"{len(failed)} of {len(TRAPS)}: {', '.join(failed[:MOST])}, …" if failed else "none"
        yield f"{name:40} {_cpu_s(partial(load, text)) * 1e3:8.1f} {_import_s(module) * 1e3:10.1f}   {told}"


def _readers() -> Iterator[tuple[str, str, Callable[[str], Any]]]:
    """Name, the module it needs, and the reader of a text's first document."""
    yield "PyYAML's libyaml events, our values", "yaml", lambda text: read(text)[0].value
    yield "PyYAML CSafeLoader", "yaml", lambda text: yaml.load(text, yaml.CSafeLoader)
    if (ruamel := _installed("ruamel.yaml")) is not None:
        yield "ruamel.yaml safe", "ruamel.yaml", lambda text: ruamel.YAML(typ="safe").load(text)
    for module in ("ryaml", "yaml_rs"):
        if (found := _installed(module)) is not None:
            yield f"{module} (Rust)", module, found.loads


def _installed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def _passes(load: Callable[[str], Any], text: str, wanted: object) -> bool:
    """Readers raise what they like for a text that they refuse."""
    try:
        found = load(text)
    except Exception:
        return wanted is REFUSED
    return repr(found) == repr(wanted)


def _short(text: str) -> str:
    line = text.strip().splitlines()[-1].replace("\0", "NUL")
    return repr(line if len(line) < 24 else f"{line[:20]}…")


def _cpu_s(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def _import_s(module: str) -> float:
    """What its import costs a process that has nothing yet, in CPU seconds."""
    bare, whole = (
        statistics.median([_process_s(code) for _ in range(ROUNDS)]) for code in ("pass", f"import {module}")
    )
    return whole - bare


def _process_s(code: str) -> float:
    taken = []
    for _ in range(ROUNDS):
        _, _, used = os.wait4(os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ), 0)
        taken.append(used.ru_utime + used.ru_stime)
    return statistics.median(taken)
