"""A daemon forked from a process: what it has of that process, and what not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nncp_agent.watchdog import daemon

SCRIPT = """
import json, logging, os, signal, sys
from pathlib import Path
from nncp_agent.watchdog import daemon

def handle(number, frame):
    raise AssertionError("a handler of the process it was forked from")

def tell(connection):
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("someone").warning("a word to the log")
    print("another one")
    connection.sendall(json.dumps({
        "pid": os.getpid(), "session": os.getsid(0), "group": os.getpgrp(), "parent": os.getppid(),
        "open": len(os.listdir("/proc/self/fd")), "terminated by": signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
        "stdin": os.readlink("/proc/self/fd/0"), "stdout": os.readlink("/proc/self/fd/1"),
        "comm": Path("/proc/self/comm").read_text(), "cmdline": Path("/proc/self/cmdline").read_bytes().decode(),
    }).encode())
    connection.recv(1)

signal.signal(signal.SIGTERM, handle)
logging.basicConfig(filename=sys.argv[2])
logging.getLogger("someone").addHandler(logging.StreamHandler(sys.stdout))
kept = open(sys.argv[2] + ".other", "w")
kept.write("once\\n")
sys.stdout.write("unwritten when we fork\\n")
ours = daemon.forked(tell, Path(sys.argv[1]), "title of the daemon")
told = ours.recv(65536)
print(json.dumps({**json.loads(told), "applier": os.getpid(), "applier's session": os.getsid(0)}))
"""


def _told(tmp_path: Path) -> tuple[str, dict[str, object]]:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "log"), str(tmp_path / "other")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    first, last = done.stdout.splitlines()
    return first, json.loads(last)


def test_a_daemon_shares_no_session_group_parent_or_descriptor_with_its_maker(tmp_path: Path) -> None:
    _, told = _told(tmp_path)
    assert told["session"] not in (told["applier's session"], told["pid"])  # who leads none can get no terminal
    assert told["group"] == told["session"]
    assert told["parent"] != told["applier"]
    assert told["open"] == 5  # the standard ones, its connection, and the folder that was listed
    assert told["stdin"] == "/dev/null"
    assert told["stdout"] == str(tmp_path / "log")


def test_a_daemon_has_no_handlers_of_its_maker(tmp_path: Path) -> None:
    _, told = _told(tmp_path)
    assert told["terminated by"] is True
    assert (tmp_path / "other").read_text() == ""
    assert (tmp_path / "log").read_text() == "WARNING:someone:a word to the log\nanother one\n"


def test_what_the_maker_had_not_yet_written_is_written_once(tmp_path: Path) -> None:
    first, _ = _told(tmp_path)
    assert first == "unwritten when we fork"
    assert (tmp_path / "other.other").read_text() == "once\n"


def test_a_daemon_is_not_what_pkill_finds_under_the_name_of_its_maker(tmp_path: Path) -> None:
    _, told = _told(tmp_path)
    assert told["comm"] == "undo-watchdog\n"
    assert str(told["cmdline"]).rstrip("\0") == "title of the daemon"


def test_a_daemon_that_fails_closes_its_connection_and_says_why(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from nncp_agent.watchdog import daemon
def fail(connection):
    raise LookupError("no way back")
assert daemon.forked(fail, Path({str(tmp_path / "log")!r}), "title").recv(1) == b""
"""
    subprocess.run([sys.executable, "-c", script], timeout=30, check=True)
    assert "LookupError: no way back" in (tmp_path / "log").read_text()


def test_a_daemon_can_be_made_where_the_standard_streams_are_closed(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from nncp_agent.watchdog import daemon
os.closerange(0, 3)
connection = daemon.forked(lambda its: its.sendall(b"here"), Path({str(tmp_path / "log")!r}), "title")
os._exit(connection.recv(4) != b"here")
"""
    subprocess.run([sys.executable, "-c", script], timeout=30, check=True)


def test_a_process_with_threads_is_known_as_such() -> None:
    script = """
import threading
from nncp_agent.watchdog import daemon
assert not daemon.has_threads()
threading.Thread(target=threading.Event().wait, daemon=True).start()
assert daemon.has_threads()
"""
    subprocess.run([sys.executable, "-c", script], timeout=30, check=True)


def test_its_maker_gets_an_error_where_the_log_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        daemon.forked(lambda _: None, tmp_path / "nowhere" / "log", "title")
