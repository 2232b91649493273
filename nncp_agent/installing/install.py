"""Put the plugins where a runtime finds them, by one rename each; and take them away again.

```
BIN/cnv-bridge, cnv-tuning     the plugins (and bridge, tuning where they take the place of those)
BIN/.nncp/installed.json       what is installed: version, the digests of our files, what they took the place of
BIN/.nncp/VERSION/             the interpreter with its modules; the version before stays for who still runs it
```
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from cni import client
from cni.client import SOCKET, build
from cni.schema import NAMES
from nncp_agent.installing import NotInstalled, bundle, launcher

HOME: Final = ".nncp"
_MANIFEST: Final = "installed.json"
_PLUGINS: Final = {"cnv-bridge": "bridge", "cnv-tuning": "tuning"}


class Installed(msgspec.Struct, frozen=True):
    """installed.json. `files` are digests by name; `replaced` are names whose earlier files are kept."""

    version: str
    before: str = ""
    files: dict[str, str] = {}
    replaced: tuple[str, ...] = ()
    client: str = "python"


def install(folder: Path, on_node: str, *, replace: bool, socket: str = SOCKET, may_compile: bool = True) -> Installed:
    """`on_node` is what the folder is called where plugins run. Raises NotInstalled, with all as it was."""
    with _alone(folder):
        return _install(folder, on_node, replace=replace, socket=socket, may_compile=may_compile)


def _install(folder: Path, on_node: str, *, replace: bool, socket: str, may_compile: bool) -> Installed:
    home, before = folder / HOME, installed(folder)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=home) as work:
        new = Path(work) / "bundle"
        bundle.fill(new)
        version = _version(new, socket)
        place = f"{on_node.rstrip('/')}/{HOME}/{version}"
        made: dict[str, bytes] = {}
        how = "python"
        for plugin, kind in _PLUGINS.items():
            (new / f"{kind}.py").write_text(_alone_script(kind))
            made[plugin], how = _client(kind, place, new, Path(work), socket, may_compile)
        if not (home / version).exists():
            os.chmod(new, 0o755)
            os.rename(new, home / version)
    names = [(name, plugin) for plugin in _PLUGINS for name in (NAMES[plugin] if replace else NAMES[plugin][:1])]
    replaced = _kept(folder, [name for name, _ in names], before)
    files = {name: hashlib.sha256(made[plugin]).hexdigest() for name, plugin in names}
    earlier = before.version if before and before.version != version else before.before if before else ""
    after = Installed(version, earlier, files, replaced, how)
    _write(home / _MANIFEST, msgspec.json.encode(after), 0o644)
    for name, plugin in names:
        _write(folder / name, made[plugin], 0o755)
    _remove_others(home, {version, earlier})
    return after


def _client(kind: str, place: str, new: Path, work: Path, socket: str, may_compile: bool) -> tuple[bytes, str]:
    """The plugin's file, and which client it is: the compiled one where there is a compiler."""
    python = (f"{place}/ld.so", "--library-path", f"{place}/lib", f"{place}/bin/python", "-ISE")
    asked = build.Client(kind, f"{place}/bin/python", (*python, f"{place}/{kind}.py"), socket)
    if may_compile:
        target = work / kind
        try:
            build.compile_c(asked, str(target))
        except build.NotCompiled:
            pass
        else:
            if not launcher.needs_a_loader(made := target.read_bytes()):
                return made, "compiled"
    (new / f"{kind}-client.py").write_bytes(build.in_python(asked))
    return launcher.elf([*python, f"{place}/{kind}-client.py"]), "python"


def _alone_script(kind: str) -> str:
    plugin = f"{kind.capitalize()}Plugin"
    said = f"from cni.{kind}.plugin import {plugin}\nfrom cni.process import command\n\ncommand({plugin}())\n"
    return f'"""cnv-{kind} by itself."""\n\n{said}'


def installed(folder: Path) -> Installed | None:
    """What is there of us. Raises NotInstalled for a record that nobody understands."""
    file = folder / HOME / _MANIFEST
    try:
        return msgspec.json.decode(file.read_bytes(), type=Installed)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise NotInstalled(f"{file}: cannot be understood: {error}; look at it and move it away") from error


def uninstall(folder: Path) -> list[str]:
    """Take our plugins away and put back what they took the place of; gives the names. Raises NotInstalled."""
    there = installed(folder)
    if there is None:
        raise NotInstalled(f"{folder}: nncp has installed nothing here")
    with _alone(folder):
        gone = []
        for name, digest in there.files.items():
            file = folder / name
            if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                continue  # somebody has put another one there
            kept = folder / HOME / "replaced" / name
            if name in there.replaced and kept.exists():
                os.rename(kept, file)
            else:
                file.unlink()
            gone.append(name)
    shutil.rmtree(folder / HOME)
    return gone


def _kept(folder: Path, names: Sequence[str], before: Installed | None) -> tuple[str, ...]:
    """Names of files of others, which are kept as they are."""
    ours = before.files if before else {}
    kept = list(before.replaced) if before else []
    store = folder / HOME / "replaced"
    for name in names:
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() == ours.get(name):
            continue
        store.mkdir(exist_ok=True)
        draft = store / f".{name}"
        shutil.copy2(file, draft)
        os.rename(draft, store / name)
        kept += [name] if name not in kept else []
    return tuple(kept)


def _write(file: Path, data: bytes, mode: int) -> None:
    """Whole or not there: a runtime may start it at any moment."""
    draft = file.with_name(f".{file.name}.new")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        os.write(fd, data)
        os.fchmod(fd, mode)
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(draft, file)


def _remove_others(home: Path, kept: set[str]) -> None:
    for each in home.iterdir():
        if each.is_dir() and each.name != "replaced" and each.name not in kept:
            shutil.rmtree(each)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One installer at a time. What the system refuses is said as NotInstalled."""
    try:
        (folder / HOME).mkdir(mode=0o755, parents=True, exist_ok=True)
        fd = os.open(folder / HOME, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)
    except OSError as error:
        raise NotInstalled(f"{error.filename or folder}: {error.strerror}") from error


def _version(folder: Path, socket: str) -> str:
    """Of all that the folder will hold: the modules, and clients that know the socket."""
    found = hashlib.sha256(f"{socket}\0".encode() + Path(client.__file__).with_name("client.py").read_bytes())
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and each.suffix != ".pyc"):
        found.update(f"{file.relative_to(folder)}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()[:12]
