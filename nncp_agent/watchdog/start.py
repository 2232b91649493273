"""Bring a watchdog up and do not go on before it says that it is there."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from netkernel import netns
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.errors import NoWatchdog
from nncp_agent.store import Store

log = logging.getLogger(__name__)

START_S: Final = 20.0
"""A loaded machine may need seconds for a Python to start."""
LOG: Final = "watchdog.log"
_READY: Final = b"ready"


@contextmanager
def guarding(store: Store, point: Checkpoint, namespace: str | None = None) -> Iterator[None]:
    """Run the block under the eyes of a watchdog for `point`, which is in the store.

    `namespace` is the path of the network namespace being changed, None for the calling thread's own. The watchdog
    goes on by itself after the block as long as the checkpoint is there. Raises NoWatchdog.
    """
    address = f"nncp-watchdog-{point.id}"
    deadline = time.monotonic() + START_S
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind("\0" + address)
            listener.listen(1)
            _launch(store, point.id, address)
            connection = _accepted(listener, deadline)
        with connection:
            _hand_over(connection, namespace or netns.OWN, deadline)
            yield
    except _Failed as error:
        raise NoWatchdog(f"no watchdog, so nothing was touched: {error}; {store.path(LOG)} may say more") from error


class _Failed(Exception):
    """Why there is no watchdog."""


def _accepted(listener: socket.socket, deadline: float) -> socket.socket:
    """The watchdog's connection: anybody may connect to an abstract socket, so whose it is must be asked."""
    try:
        while True:
            listener.settimeout(max(deadline - time.monotonic(), 0.001))
            connection, _ = listener.accept()
            if _user(connection) in (0, os.geteuid()):
                return connection
            connection.close()
    except OSError as error:
        raise _Failed(f"it did not connect within {START_S:g} s: {error}") from error


def _user(connection: socket.socket) -> int:
    credentials = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
    return int(credentials.unpack(raw)[1])


def _hand_over(connection: socket.socket, namespace: str, deadline: float) -> None:
    """Give the watchdog the namespace itself, not a path that may die with us, and wait for its word."""
    try:
        there = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            socket.send_fds(connection, [b"n"], [there])
        finally:
            os.close(there)
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        said = connection.recv(len(_READY), socket.MSG_WAITALL)
    except OSError as error:
        raise _Failed(str(error)) from error
    if said != _READY:
        raise _Failed("it ended before it was ready")


def _launch(store: Store, mine: str, address: str) -> None:
    """As a systemd unit where we can, else as a daemon: neither shares our session, terminal or cgroup."""
    command = [sys.executable, "-P", "-m", "nncp_agent.watchdog", os.path.abspath(store.directory), mine, address]
    # whatever made our own modules importable must make the watchdog's so, wherever it is started
    path = os.pathsep.join(os.path.abspath(each) for each in sys.path)
    if _systemd_is_ours():
        unit = ["systemd-run", "--quiet", "--collect", f"--unit={address}", "--property=OOMScoreAdjust=-1000"]
        unit += ["--description=Takes back an uncommitted network change", f"--setenv=PYTHONPATH={path}"]
        if _run(store, [*unit, "--", *command, "unit"], os.environ) == 0:
            return
        log.warning("systemd-run failed: starting the watchdog as a daemon")
    if code := _run(store, [*command, "daemon"], {**os.environ, "PYTHONPATH": path}):
        raise _Failed(f"it ended at once with status {code}")


def _run(store: Store, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Exit status of `command`, which ends as soon as what it starts stands on its own feet."""
    try:
        with open(store.path(LOG), "wb") as log_file:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                env=environment,
                cwd="/",
                start_new_session=True,
                timeout=START_S,
                check=False,
            ).returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Failed(str(error)) from error


def _systemd_is_ours() -> bool:
    """PID 1 is systemd (sd_booted(3)), in our network namespace and before our files: so its units will be, too."""
    try:
        return (
            Path("/run/systemd/system").is_dir()
            and shutil.which("systemd-run") is not None
            and os.stat("/proc/1/ns/net").st_ino == os.stat(netns.OWN).st_ino
            and os.stat("/proc/1/ns/mnt").st_ino == os.stat("/proc/self/ns/mnt").st_ino
        )
    except OSError:
        return False
