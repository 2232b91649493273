"""A daemon forked from the running process: what it may need is in its memory already, whatever becomes of the disk."""

from __future__ import annotations

import ctypes
import fcntl
import gc
import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

NAME: Final = "undo-watchdog"
"""As ps(1) shows it: `pkill nncp` means the process that applies, and that is when its watchdog must live."""
_ARG_START: Final = 48
"""Field of /proc/PID/stat, the first after the name being the third (proc(5)); the next one is arg_end."""
_inherited: Final[list[object]] = []
"""Never let go: closing a file of the process we came from would write what it holds in its buffer once more."""


def forked(run: Callable[[socket.socket], None], log: Path, title: str, name: str = NAME) -> socket.socket:
    """Let a daemon `run` with one end of a connection, which ends with it; gives the other end. Raises OSError.

    It has a session of its own, no other descriptor of ours, no handler for signals or logging, and writes to `log`;
    ps(1) shows it as `name` and `title`.
    Not for a process with threads: what locks they held would stay locked in the daemon.
    """
    with open(log, "wb") as said:
        ours, low = socket.socketpair()
        with low, socket.socket(fileno=fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 3)) as its:
            before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            try:
                if (child := os.fork()) == 0:
                    _leave(run, its, said.fileno(), title, name)
                with suppress(ChildProcessError):  # somebody ignores SIGCHLD
                    os.waitpid(child, 0)
            except BaseException:
                ours.close()
                raise
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return ours


def has_threads() -> bool:
    """Whether this process has threads, those that Python knows nothing of included."""
    return len(os.listdir("/proc/self/task")) > 1


def _leave(run: Callable[[socket.socket], None], its: socket.socket, log: int, title: str, name: str) -> NoReturn:
    """The child's whole life; it must never return into the frames of the process it was made from."""
    status = 1
    try:
        gc.freeze()  # what is garbage there may own descriptors whose numbers will be ours
        os.setsid()
        if os.fork():  # who leads no session can never get a terminal, and init takes care of the orphan
            os._exit(0)
        _only_keep(its.fileno(), log)
        _speak_for_itself()
        _forget_handlers()
        _rename(title, name)
        run(its)
        status = 0
    except BaseException:  # the top of a process
        traceback.print_exc()
    finally:
        os._exit(status)


def _only_keep(connection: int, log: int) -> None:
    """Standard streams and the connection; the lock, sockets and terminals are the other process's."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = fcntl.fcntl(log, fcntl.F_DUPFD, 3)  # it has a low number where our maker's standard streams were closed
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.closerange(3, connection)
    os.closerange(max(connection + 1, 3), os.sysconf("SC_OPEN_MAX"))


def _speak_for_itself() -> None:
    """Streams without the other process's unwritten text, and no logging but to them."""
    _inherited.extend((sys.stdout, sys.stderr))
    words = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stdout = sys.stderr = words
    sys.excepthook = sys.__excepthook__
    manager = logging.root.manager
    manager.disable = 0
    for logger in (logging.root, *manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            _inherited.append(logger.handlers)
            logger.handlers, logger.filters, logger.propagate, logger.disabled = [], [], True, False
            logger.setLevel(logging.NOTSET)


def _forget_handlers() -> None:
    """As exec(2) does it: what was handled gets its default, what was ignored stays so. All are still blocked."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN):
            with suppress(OSError):  # some real-time signals belong to the C library
                signal.signal(number, signal.SIG_DFL)


def _rename(title: str, name: str) -> None:
    """Show `title` instead of the command line we were copied with, as far as there is room for it."""
    with suppress(OSError, ValueError):
        Path("/proc/self/comm").write_text(name)
        fields = Path("/proc/self/stat").read_text(errors="replace").rpartition(")")[2].split()
        start, end = (int(field) for field in fields[_ARG_START - 3 : _ARG_START - 1])
        if start:
            size = end - start
            ctypes.memmove(start, os.fsencode(title)[: size - 1].ljust(size, b"\0"), size)
