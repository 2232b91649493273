"""Bring a service's process up that outlives us: own session, own cgroup, a transient unit where systemd runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Final

from netkernel.digests import sha256
from nncp_agent.files import ROOT_VARIABLE, root
from nncp_agent.keeping import Service
from nncp_agent.keeping.process import TakenAlready
from nncp_agent.store import Store
from nncp_agent.watchdog import cgroup, daemon, start

LOG: Final = "keeper.log"
START_S: Final = 20.0
_UNIT: Final = (
    "--property=Type=notify",
    "--property=SyslogIdentifier=nncp",
    "--property=Restart=on-failure",
    # as for the watchdog: at boot we are started while the network is not up yet, and wait for no target
    "--property=DefaultDependencies=no",
    "--property=Conflicts=shutdown.target",
    "--property=Before=shutdown.target",
)


def keeper(directory: str, service: Service) -> None:
    """Returns once it may be asked, or another one may. Raises OSError."""
    Store(directory).prepare(service.folder)
    name = f"{service.unit}-{sha256(directory.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
    if start.systemd_is_ours() and _as_unit(directory, service, name):
        return
    if daemon.has_threads():
        _as_program(directory, service, name)
    else:
        _forked(directory, service, name)


def main(arguments: list[str], service: Service) -> None:
    """Started by `keeper`: DIRECTORY alone is a unit of systemd, with a NAME one is forked that has it."""
    if len(arguments) > 1:
        _forked(arguments[0], service, arguments[1])
    else:
        _life_of(service)(arguments[0], None)


def _forked(directory: str, service: Service, name: str) -> None:
    """From this process, which has no threads."""
    live = _life_of(service)

    def run(ready: socket.socket) -> None:
        with cgroup.own(name), suppress(TakenAlready):
            live(directory, ready)

    log = Store(directory).path(f"{service.folder}/{LOG}")
    with daemon.forked(run, log, f"{service.name} {directory}", service.name) as connection:
        connection.settimeout(START_S)
        connection.recv(16)  # nothing where it ended, because there is another or for a reason in its log


def _life_of(service: Service) -> Callable[[str, socket.socket | None], None]:
    main: Callable[[str, socket.socket | None], None] = import_module(f"{service.module}.keeper").main
    return main


def _as_program(directory: str, service: Service, name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": _path()}
    subprocess.run(
        [sys.executable, "-P", "-m", service.module, directory, name],
        stdin=subprocess.DEVNULL, env=environment, cwd="/", timeout=START_S, check=False, start_new_session=True,
    )  # fmt: skip


def _as_unit(directory: str, service: Service, name: str) -> bool:
    setting = (f"--unit={name}", f"--description={service.description}", f"--setenv=PYTHONPATH={_path()}", *_UNIT)
    own = [f"--property={each}" for each in service.properties]
    own += [f"--setenv={ROOT_VARIABLE}={root()}"] if root() != "/" else []
    command = ["systemd-run", "--quiet", "--collect", *setting, *own, "--", sys.executable, "-P", "-m", service.module]
    try:
        done = subprocess.run(
            [*command, directory], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=START_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _path() -> str:
    """Whatever made our own modules importable must make the keeper's so."""
    return os.pathsep.join(os.path.abspath(each) for each in sys.path)
