"""Run the installed program in the host's own mount and UTS namespaces, from a container that shares its processes.

The container's process stays where it is and is to the program what systemd is to a unit: it passes signals on, hears
that it is ready and well (sd_notify(3)), and makes an end of it when it no longer is. What it has heard is in a file,
for the probes of the container. The identity that the container was given is found by the program through this process,
which is the only one left that sees the container's files.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from netkernel import netns
from nncp_agent.installing import NotInstalled
from nncp_agent.installing.host import NNCP

KUBECONFIG: Final = "/run/nncp-agent/kubeconfig"
HEARD: Final = "/tmp/nncp-heard"  # in the container, which has it for itself
WATCHDOG_S: Final = 60.0
IDENTITY: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_NAMESPACES: Final = (("uts", 0x04000000), ("mnt", 0x00020000))
"""CLONE_NEW* of linux/sched.h."""
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(
    words: Sequence[str], environ: Mapping[str, str], program: str = NNCP, heard: str = HEARD, process: int = 1
) -> int:
    """Until the program ends; gives its exit code. The host is what `process` sees. Raises NotInstalled."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind("")  # the kernel finds an abstract name (unix(7)), which one network namespace shares
        address = "@" + told.getsockname()[1:].decode()
        more = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
        kubeconfig = identity(environ, os.getpid())
        child = _started(program, words, {**environ, **more}, kubeconfig, process)
        for number in _PASSED_ON:
            signal.signal(number, lambda number, _: _kill(child, number))
        return _until_ended(child, told, Path(heard))


def identity(environ: Mapping[str, str], process: int) -> dict[str, Any] | None:
    """A kubeconfig with what this pod was given, as seen through a process of it; None for who is no pod."""
    server, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not server:
        return None
    place = f"/proc/{process}/root{IDENTITY}"
    host = f"[{server}]" if ":" in server else server
    cluster = {"server": f"https://{host}:{port}", "certificate-authority": f"{place}/ca.crt"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "pod",
        "clusters": [{"name": "pod", "cluster": cluster}],
        "users": [{"name": "pod", "user": {"tokenFile": f"{place}/token"}}],
        "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
    }


def is_well(heard: str = HEARD, *, ready: bool = False, now: Callable[[], float] = time.monotonic) -> bool:
    """Whether the program has said so of late; with `ready`, that it has begun to serve."""
    try:
        said = json.loads(Path(heard).read_text())
    except (OSError, ValueError):
        return False
    return bool(said["ready"]) if ready else now() - float(said["well"]) < WATCHDOG_S


def _started(
    program: str, words: Sequence[str], environ: Mapping[str, str], kubeconfig: dict[str, Any] | None, process: int
) -> int:
    reason, theirs = os.pipe2(os.O_CLOEXEC)
    if (child := os.fork()) == 0:
        try:
            _enter(process)
            if kubeconfig:
                _write(Path(KUBECONFIG), json.dumps(kubeconfig))
            os.execve(program, [program, *words], {**environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        except OSError as error:
            os.write(theirs, f"{program}: cannot be started on the host: {error.strerror or error}".encode())
        finally:
            os._exit(1)
    os.close(theirs)
    with open(reason) as said:
        if problem := said.read():  # closed without a word when the program runs
            os.waitpid(child, 0)
            raise NotInstalled(problem)
    return child


def _enter(process: int) -> None:
    """See its files, from the directory that is `/` for it, and have its name. Raises OSError."""
    spaces = [(os.open(f"/proc/{process}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC), flag) for name, flag in _NAMESPACES]
    root = os.open(f"/proc/{process}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for descriptor, flag in spaces:
        netns.call("setns", descriptor, flag)
    os.fchdir(root)
    os.chroot(".")
    os.chdir("/")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(text)
    draft.chmod(0o600)
    os.rename(draft, file)


def _until_ended(child: int, told: socket.socket, heard: Path) -> int:
    """Hears it, and kills it when it was silent for too long after it had been ready."""
    process = os.pidfd_open(child)
    said: dict[str, Any] = {"ready": False, "well": time.monotonic()}
    _note(heard, said)
    try:
        while True:
            left = float(said["well"]) + WATCHDOG_S - time.monotonic() if said["ready"] else None
            ready, _, _ = select.select([process, told.fileno()], [], [], None if left is None else max(left, 0))
            if process in ready:
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                return code if code >= 0 else 128 - code  # as a shell says that a signal ended it
            if told.fileno() in ready:
                words = told.recv(4096).decode(errors="replace").splitlines()
                said = {"ready": (said["ready"] or "READY=1" in words) and "STOPPING=1" not in words,
                        "well": time.monotonic()}  # fmt: skip
                _note(heard, said)
            elif said["ready"]:
                _kill(child, signal.SIGABRT)
                said = {**said, "ready": False}
    finally:
        os.close(process)


def _note(file: Path, said: Mapping[str, object]) -> None:
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(json.dumps(said))
    os.rename(draft, file)


def _kill(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)
