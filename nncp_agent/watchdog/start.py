"""Bring a watchdog up and do not go on before it says that it is there."""

from __future__ import annotations

import logging
import os
import socket
import struct
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

START_S: Final = 60.0
"""A loaded machine may need that long for a Python to start, and nothing is touched before."""
LOG: Final = "watchdog.log"
_READY: Final = b"ready"
_OURS: Final = ("mnt", "uts")
"""Namespaces besides the network's in which we change something (namespaces(7))."""
_UNIT: Final = (
    "--description=Takes back an uncommitted network change",
    "--property=SyslogIdentifier=nncp",
    "--property=OOMScoreAdjust=-1000",
    "--property=Restart=on-failure",
    # at boot the system may not be up before the network is, which waits for us: so we wait for no target
    "--property=DefaultDependencies=no",
    "--property=Conflicts=shutdown.target",
    "--property=Before=shutdown.target",
)


@contextmanager
def guarding(store: Store, point: Checkpoint, namespace: str | None = None) -> Iterator[None]:
    """Run the block under the eyes of a watchdog for `point`, which is in the store.

    `namespace` is the path of the network namespace being changed, None for the calling thread's own. The watchdog
    goes on by itself after the block as long as the checkpoint is there. Raises NoWatchdog.
    """
    deadline = time.monotonic() + START_S
    try:
        with _launched(store, point.id, deadline) as connection:
            _hand_over(connection, namespace or netns.OWN, deadline)
            yield
    except _Failed as error:
        raise NoWatchdog(f"no watchdog, so nothing was touched: {error}; {store.path(LOG)} may say more") from error


class _Failed(Exception):
    """Why there is no watchdog."""


def _launched(store: Store, mine: str, deadline: float) -> socket.socket:
    """A connection to a watchdog that shares neither our session nor our terminal nor our cgroup.

    It is a systemd unit where we can make one, because systemd would end what stays behind of a unit that applies.
    Else it is forked from us, which takes milliseconds. With threads that cannot be, and it is a new interpreter.
    """
    from nncp_agent.watchdog import daemon  # late, as all below: most applies find nothing to do

    name = f"nncp-watchdog-{mine}"
    directory = os.path.abspath(store.directory)
    command = [sys.executable, "-P", "-m", "nncp_agent.watchdog", directory, mine, name]
    # whatever made our own modules importable must make the watchdog's so, wherever it is started
    path = os.pathsep.join(os.path.abspath(each) for each in sys.path)
    if systemd_is_ours():
        unit = ["systemd-run", "--quiet", "--collect", f"--unit={name}", f"--setenv=PYTHONPATH={path}", *_UNIT]
        with _listening(name) as listener:
            if _run(store, [*unit, "--", *command, "unit"], os.environ) == 0:
                return _accepted(listener, deadline)
        log.warning("systemd-run failed: starting the watchdog as a daemon")
    if not daemon.has_threads():
        return _forked(store, mine, name)
    with _listening(name) as listener:
        if code := _run(store, [*command, "daemon"], {**os.environ, "PYTHONPATH": path}):
            raise _Failed(f"it ended at once with status {code}")
        return _accepted(listener, deadline)


def _forked(store: Store, mine: str, name: str) -> socket.socket:
    from nncp_agent.watchdog import daemon, guard

    directory = os.path.abspath(store.directory)
    try:
        return daemon.forked(
            lambda applier: guard.main(directory, mine, name, applier),
            store.path(LOG),
            f"{daemon.NAME} {directory} {mine}",
        )
    except OSError as error:
        raise _Failed(str(error)) from error


@contextmanager
def _listening(name: str) -> Iterator[socket.socket]:
    """A listener at the abstract socket `name`, for a watchdog that is started anew and has to find us."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            listener.bind("\0" + name)
            listener.listen(1)
        except OSError as error:
            raise _Failed(str(error)) from error
        yield listener


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


def _run(store: Store, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Exit status of `command`, which ends as soon as what it starts stands on its own feet."""
    import subprocess

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


def systemd_is_ours() -> bool:
    """PID 1 is systemd (sd_booted(3)), in our namespaces and before our files: so its units will be, too."""
    import shutil

    try:
        return (
            Path("/run/systemd/system").is_dir()
            and shutil.which("systemd-run") is not None
            and os.stat("/proc/1/ns/net").st_ino == os.stat(netns.OWN).st_ino
            and all(os.stat(f"/proc/1/ns/{each}").st_ino == os.stat(f"/proc/self/ns/{each}").st_ino for each in _OURS)
        )
    except OSError:
        return False
