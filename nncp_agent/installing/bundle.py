"""An interpreter with all it needs in one directory: itself, its loader and libraries, the modules, ours among them.

The modules are those that a process has loaded when it has loaded all of ours, so late imports included; the libraries
are those that the loader says it maps.
"""

from __future__ import annotations

import ast
import compileall
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

import cni
import netkernel
from nncp_agent.installing import NotInstalled

DISTRIBUTION: Final = "nncp-agent"
PACKAGES: Final = (cni, netkernel)
_NOT_FOR_PLUGINS: Final = ("cni.schema", "cni.client.client", "netkernel.documents.yaml_text", "netkernel.managers")
_ALSO: Final = (
    *("encodings.ascii", "encodings.latin_1", "encodings.utf_8", "traceback", "ctypes"),
    *("importlib.metadata", "email.parser"),  # the second reads what the first finds
)
"""What is loaded by name at run time."""
_LIST: Final = """\
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({name: file for name, file in files.items() if file}))
"""


def interpreter() -> Path:
    """The file of the interpreter that runs this, behind all links and environments."""
    return Path(os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable))


def fill(folder: Path) -> None:
    """Make the bundle. Raises NotInstalled."""
    python = interpreter()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    modules = folder / "lib" / version
    (folder / "bin").mkdir(parents=True)
    (modules / "lib-dynload").mkdir(parents=True)
    shutil.copy2(python, folder / "bin" / "python")
    binaries = [python]
    for name, file in _loaded(python).items():
        binaries += [file] if file.suffix == ".so" else []
        _copy_module(name, file, modules)
    libraries(binaries, folder)
    _name(modules)
    compiled = compileall.compile_dir(
        modules, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH, workers=1
    )
    if not compiled:
        raise NotInstalled(f"{modules}: cannot compile the modules there")


def _loaded(python: Path) -> dict[str, Path]:
    """The modules that a plugin may load, with their files."""
    tree = str(Path(cni.__file__).parents[1])
    ours = sorted(set(_ours()))
    names = sorted({*ours, *_ALSO, *(name for file in _sources() for name in _imported(file))})
    command = [str(python), "-ISE", "-c", _LIST, tree, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(f"{python}: cannot say which modules it loads: {done.stderr.strip()[-300:]}")
    return {name: Path(file) for name, file in json.loads(done.stdout).items() if os.path.isfile(file)}


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted(Path(str(package.__file__)).parent.rglob("*.py"))


def _ours() -> Iterator[str]:
    for package in PACKAGES:
        root = Path(str(package.__file__)).parent
        for file in sorted(root.rglob("*.py")):
            parts = [root.name, *file.relative_to(root).with_suffix("").parts]
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if parts[-1] != "__main__" and not name.startswith(_NOT_FOR_PLUGINS):
                yield name


def _imported(file: Path) -> Iterator[str]:
    """What a source imports anywhere, within functions, too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _copy_module(name: str, file: Path, modules: Path) -> None:
    if file.suffix == ".so":
        shutil.copy2(file, modules / "lib-dynload" / file.name)
        return
    parts = name.split(".")
    target = modules.joinpath(*parts, "__init__.py") if file.name == "__init__.py" else modules.joinpath(*parts)
    target = target if file.name == "__init__.py" else target.with_suffix(".py")
    if name == "__main__" or file.suffix != ".py" or file.stem not in (parts[-1], "__init__"):
        return  # os.path is another one by its own name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target)


def _name(modules: Path) -> None:
    """So that the plugins can say of which release they are."""
    try:
        release = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return
    folder = modules / f"{DISTRIBUTION.replace('-', '_')}-{release}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {release}\n")


def libraries(binaries: Iterable[Path], folder: Path) -> None:
    """The loader as `ld.so`, and what it maps for the binaries."""
    for binary in binaries:
        said = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False)
        for line in said.stdout.splitlines():
            found = re.match(r"\s*(?:(\S+) => )?(/\S+) \(0x", line)
            if not found:
                if "not found" in line:
                    raise NotInstalled(f"{binary}: {line.strip()}")
                continue
            name, file = found[1], Path(found[2])
            target = folder / "lib" / name if name and not name.startswith("/") else folder / "ld.so"
            if not target.exists():
                shutil.copy2(file, target)
    if not (folder / "ld.so").exists():
        raise NotInstalled(f"{interpreter()}: it has no loader that could be brought along")
