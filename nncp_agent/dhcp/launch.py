"""Bring a keeper up that outlives us: own session, own cgroup, a transient unit where systemd runs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from contextlib import suppress
from typing import Final

from nncp_agent.dhcp import keeper as _keeper
from nncp_agent.dhcp.files import FOLDER
from nncp_agent.store import Store
from nncp_agent.watchdog import cgroup, daemon, start

NAME: Final = "lease-keeper"
"""As ps(1) shows it."""
LOG: Final = "keeper.log"
START_S: Final = 20.0
_UNIT: Final = (
    "--description=Keeps the leases of this host's addresses",
    "--property=Type=notify",
    "--property=SyslogIdentifier=nncp",
    "--property=Restart=on-failure",
    # as for the watchdog: at boot we are started while the network is not up yet, and wait for no target
    "--property=DefaultDependencies=no",
    "--property=Conflicts=shutdown.target",
    "--property=Before=shutdown.target",
)


def keeper(directory: str) -> None:
    """Returns once it may be asked, or another one may. Raises OSError."""
    Store(directory).prepare(FOLDER)
    name = f"nncp-leases-{hashlib.sha256(directory.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
    if start.systemd_is_ours() and _as_unit(directory, name):
        return
    if daemon.has_threads():
        _as_program(directory, name)
    else:
        _forked(directory, name)


def run_as_daemon(directory: str, name: str) -> None:
    """Fork a keeper from this process, which has no threads."""
    _forked(directory, name)


def _forked(directory: str, name: str) -> None:
    def run(ready: object) -> None:
        with cgroup.own(name), suppress(_keeper.TakenAlready):
            _keeper.main(directory, ready)  # type: ignore[arg-type]

    log = Store(directory).path(f"{FOLDER}/{LOG}")
    with daemon.forked(run, log, f"{NAME} {directory}", NAME) as connection:
        connection.settimeout(START_S)
        connection.recv(16)  # nothing where it ended, because there is another or for a reason in its log


def _as_program(directory: str, name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": _path()}
    subprocess.run(
        [sys.executable, "-P", "-m", "nncp_agent.dhcp", directory, name],
        stdin=subprocess.DEVNULL, env=environment, cwd="/", timeout=START_S, check=False, start_new_session=True,
    )  # fmt: skip


def _as_unit(directory: str, name: str) -> bool:
    unit = ["systemd-run", "--quiet", "--collect", f"--unit={name}", f"--setenv=PYTHONPATH={_path()}", *_UNIT]
    command = [*unit, "--", sys.executable, "-P", "-m", "nncp_agent.dhcp", directory]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=START_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _path() -> str:
    """Whatever made our own modules importable must make the keeper's so."""
    return os.pathsep.join(os.path.abspath(each) for each in sys.path)
