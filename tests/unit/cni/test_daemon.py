"""Clients of the daemon, well-behaved and not, on a plugin that remembers what reached it; no kernel is changed."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cni.daemon import requests
from cni.daemon.listener import NoSocket
from cni.daemon.server import Server
from cni.daemon.service import part
from cni.skel import Call
from cni.types.results import Interface, Ip, Result

CONFIG: Final = b'{"cniVersion":"1.1.0","name":"net"}'
WAIT_S: Final = 30.0


class Remembering:
    """Waits within ADD for `open`, and says so in `begun`."""

    name = "test"

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.changed = threading.Condition()
        self.open = threading.Event()
        self.open.set()
        self.begun = threading.Semaphore(0)

    def _take(self, call: Call) -> None:
        with self.changed:
            self.calls.append((call.command, call.container))
            self.changed.notify_all()

    def add(self, call: Call) -> Result:
        self._take(call)
        self.begun.release()
        with call.setting.aside():
            assert self.open.wait(WAIT_S)
        return Result((Interface("net1", sandbox=call.netns),), (Ip("10.0.0.2/24"),))

    def delete(self, call: Call) -> None:
        self._take(call)

    check = collect = status = delete

    def has_done(self, *wanted: tuple[str, str]) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.calls == list(wanted), WAIT_S)


class Desk:
    """Where clients go."""

    def __init__(self, path: str, plugin: Remembering) -> None:
        self.path = path
        self.plugin = plugin
        self.open: list[socket.socket] = []

    def connected(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        self.open.append(made)
        made.settimeout(WAIT_S)
        made.connect(self.path)
        return made

    def close(self) -> None:
        self.plugin.open.set()
        while self.open:
            self.open.pop().close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    held = os.open(tmp_path, os.O_RDONLY)
    path = f"/proc/self/fd/{held}/serving/socket"
    plugin = Remembering()
    with part({}, path, {"test": plugin}, patience_s=1.0) as server, ExitStack() as running:
        server.start()
        running.callback(server.stop)
        made = Desk(path, plugin)
        yield made
        made.close()
    os.close(held)


class Client:
    """One call as a client sends it; what is said of it can be left out or made wrong."""

    def __init__(self, desk: Desk, command: str, container: str = "c1", plugin: str = "test", **more: str) -> None:
        self.socket = desk.connected()
        self.token, pen = socket.socketpair()
        pen.send(b"!")
        pen.close()
        desk.open.append(self.token)
        self.environment = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": container,
            "CNI_IFNAME": "net1",
            "CNI_NETNS": "/run/netns/pod",
            "CNI_NETNS_OVERRIDE": "1",
            **more,
        }
        self.plugin = plugin
        self.home = "/proc/self/ns/net"

    def bytes(self, config: bytes = CONFIG) -> bytes:
        words = "".join(f"{each}\0" for each in (self.plugin, *map("=".join, self.environment.items()))).encode()
        return struct.pack("=4sII", b"nncp", len(words), len(config)) + words + config

    def send(self, data: bytes | None = None, *, less: int = 0) -> Client:
        opened = [os.open(each, os.O_RDONLY) for each in (self.home, "/proc/self/ns/mnt", "/", self.home)]
        socket.send_fds(self.socket, [self.bytes() if data is None else data], [self.token.fileno(), *opened][less:])
        for each in opened:
            os.close(each)
        return self

    def answer(self) -> tuple[int, bytes, bytes] | None:
        """None when it ends without one."""
        received = b""
        with suppress(ConnectionResetError):
            while len(received) < 9 or len(received) < 9 + sum(struct.unpack_from("=II", received, 1)):
                if not (data := self.socket.recv(1 << 16)):
                    return None
                received += data
            status, out, _ = struct.unpack_from("=BII", received)
            return status, received[9 : 9 + out], received[9 + out :]
        return None

    def knows(self) -> None:
        with suppress(BrokenPipeError):
            self.socket.send(b"!")
        self.hang_up()

    def hang_up(self) -> None:
        self.socket.close()
        self.token.close()

    @property
    def has_token(self) -> bool:
        try:
            return bool(self.token.recv(1, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return False


def is_served(desk: Desk) -> bool:
    client = Client(desk, "STATUS", "").send()
    said = client.answer()
    client.knows()
    return said is not None and said[0] == 0


def test_a_call_is_claimed_done_and_answered(desk: Desk) -> None:
    client = Client(desk, "ADD").send()
    said = client.answer()
    assert said is not None
    assert (said[0], json.loads(said[1])["interfaces"][0]["sandbox"]) == (0, "/run/netns/pod")
    assert not client.has_token
    client.knows()
    assert is_served(desk)
    assert desk.plugin.calls == [("ADD", "c1"), ("STATUS", "")]


def test_what_the_plugin_refuses_is_one_error(desk: Desk) -> None:
    said = Client(desk, "ADD", "not/a/name").send().answer()
    assert said is not None
    assert (said[0], json.loads(said[1])["code"]) == (1, 4)
    assert desk.plugin.calls == []


def test_a_client_that_has_taken_its_call_back_is_left_to_itself(desk: Desk) -> None:
    client = Client(desk, "ADD")
    assert client.has_token
    assert client.send().answer() is None
    assert is_served(desk)
    assert ("ADD", "c1") not in desk.plugin.calls


def test_an_attachment_that_nobody_knows_of_is_taken_back(desk: Desk) -> None:
    """The client dies while its call is worked on, or when it has the answer and has not passed it on."""
    desk.plugin.open.clear()
    client = Client(desk, "ADD").send()
    assert desk.plugin.begun.acquire(timeout=WAIT_S)
    client.socket.close()
    assert is_served(desk)  # by then it is known that it went away
    desk.plugin.open.set()
    assert desk.plugin.has_done(("ADD", "c1"), ("STATUS", ""), ("DEL", "c1"))
    late = Client(desk, "ADD", "c2").send()
    assert late.answer() is not None
    late.socket.close()
    assert desk.plugin.has_done(("ADD", "c1"), ("STATUS", ""), ("DEL", "c1"), ("ADD", "c2"), ("DEL", "c2"))


def test_calls_about_one_attachment_wait_for_each_other_and_others_do_not(desk: Desk) -> None:
    desk.plugin.open.clear()
    add = Client(desk, "ADD").send()
    assert desk.plugin.begun.acquire(timeout=WAIT_S)
    delete = Client(desk, "DEL").send()
    other = Client(desk, "DEL", "c2").send()
    assert other.answer() is not None
    assert desk.plugin.calls == [("ADD", "c1"), ("DEL", "c2")]
    desk.plugin.open.set()
    assert add.answer() is not None
    assert desk.plugin.calls == [("ADD", "c1"), ("DEL", "c2")]  # its runtime does not know of it yet
    add.knows()
    assert delete.answer() is not None
    assert desk.plugin.calls == [("ADD", "c1"), ("DEL", "c2"), ("DEL", "c1")]


def test_a_call_whose_client_went_away_before_its_turn_is_not_done(desk: Desk) -> None:
    desk.plugin.open.clear()
    add = Client(desk, "ADD").send()
    assert desk.plugin.begun.acquire(timeout=WAIT_S)
    Client(desk, "ADD").send().socket.close()
    assert is_served(desk)
    desk.plugin.open.set()
    assert add.answer() is not None
    add.knows()
    assert Client(desk, "DEL").send().answer() is not None
    assert desk.plugin.calls == [("ADD", "c1"), ("STATUS", ""), ("DEL", "c1")]


def _too_large(client: Client) -> None:
    client.send(struct.pack("=4sII", b"nncp", 10, requests.MOST_STDIN + 1))


def _no_request(client: Client) -> None:
    client.send(b"GET / HTTP/1.1\r\n\r\n")


def _more_than_one(client: Client) -> None:
    client.send(client.bytes() + b"nncp")


def _words_without_end(client: Client) -> None:
    client.send(struct.pack("=4sII", b"nncp", 4, 0) + b"test")


def _no_descriptors(client: Client) -> None:
    client.socket.send(client.bytes())


def _too_few_descriptors(client: Client) -> None:
    client.send(less=3)


def _no_token(client: Client) -> None:
    client.send(less=1)


def _another_namespace(client: Client) -> None:
    client.home = "/dev/null"
    client.send()


def _another_plugin(client: Client) -> None:
    client.plugin = "other"
    client.send()


HOSTILE: Final = (
    _too_large, _no_request, _more_than_one, _words_without_end, _no_descriptors, _too_few_descriptors, _no_token,
    _another_namespace, _another_plugin,
)  # fmt: skip


@pytest.mark.parametrize("do", HOSTILE)
def test_what_is_no_call_for_us_is_hung_up_on_and_nothing_is_done(desk: Desk, do: object) -> None:
    client = Client(desk, "ADD")
    assert callable(do)
    do(client)
    assert client.answer() is None
    assert client.has_token
    assert is_served(desk)
    assert desk.plugin.calls == [("STATUS", "")]


def test_half_a_call_holds_nobody_and_is_not_waited_for_in_vain(desk: Desk) -> None:
    slow = [Client(desk, "ADD", f"c{number}") for number in range(50)]
    for each in slow:
        socket.send_fds(each.socket, [each.bytes()[:20]], [each.token.fileno()])
    assert is_served(desk)
    assert [each.answer() for each in slow] == [None] * 50
    assert all(each.has_token for each in slow)
    assert desk.plugin.calls == [("STATUS", "")]


def test_a_call_may_come_in_pieces(desk: Desk) -> None:
    client = Client(desk, "STATUS", "")
    data = client.bytes()
    client.send(data[:1])
    for at in range(1, len(data), 7):
        client.socket.send(data[at : at + 7])
    assert client.answer() == (0, b"", b"")


def test_no_descriptor_stays_open(desk: Desk) -> None:
    assert is_served(desk)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        client = Client(desk, "ADD").send()
        assert client.answer() is not None
        client.knows()
        for do in HOSTILE:
            hostile = Client(desk, "ADD")
            do(hostile)
            assert hostile.answer() is None
            hostile.hang_up()
    assert is_served(desk)
    assert len(os.listdir("/proc/self/fd")) <= before + 9  # of the last one, which may not be put away yet


def test_another_daemon_on_the_node_is_refused_and_a_stale_socket_is_not(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(NoSocket, match="another daemon"), part({}, desk.path):
        pass
    assert is_served(desk)
    stale = f"/proc/self/fd/{os.open(tmp_path, os.O_RDONLY)}/other/socket"
    os.mkdir(tmp_path / "other")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(stale)
    with part({}, stale, {}) as server:
        assert isinstance(server, Server)
    assert oct(os.stat(tmp_path / "other").st_mode) == "0o40700"


def test_a_socket_that_systemd_has_made_is_taken(tmp_path: Path) -> None:
    program = """if True:
        import os, sys
        from cni.daemon.listener import listening
        os.dup2(int(sys.argv[1]), 3)
        with listening("/nowhere/socket", {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}) as found:
            print(found.getsockname(), os.get_inheritable(found.fileno()))
    """
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{os.open(tmp_path, os.O_RDONLY)}/passed")
        done = subprocess.run(
            [sys.executable, "-c", program, str(made.fileno())],
            cwd=Path(__file__).parents[3],
            pass_fds=[made.fileno()],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.endswith("/passed False\n")


def test_the_socket_is_roots_alone(desk: Desk) -> None:
    assert oct(os.stat(desk.path).st_mode & 0o777) == "0o600"
    assert oct(os.stat(os.path.dirname(desk.path)).st_mode & 0o777) == "0o700"


def test_a_server_that_ends_does_what_it_has_claimed_and_claims_no_more(tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    path = f"/proc/self/fd/{held}/serving/socket"
    plugin = Remembering()
    plugin.open.clear()
    with part({}, path, {"test": plugin}) as server:
        server.start()
        desk = Desk(path, plugin)
        claimed, silent = Client(desk, "ADD").send(), Client(desk, "ADD")
        assert plugin.begun.acquire(timeout=WAIT_S)
        ending = threading.Thread(target=server.stop)
        ending.start()
        assert silent.answer() is None
        plugin.open.set()
        said = claimed.answer()
        assert said is not None and said[0] == 0
        claimed.knows()
        ending.join(WAIT_S)
        assert not ending.is_alive()
        desk.close()
    os.close(held)


ENVIRONMENTS: Final = st.dictionaries(
    st.sampled_from(["CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS", "CNI_ARGS", "CNI_PATH", "X"]),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20) | st.sampled_from(["ADD", "DEL", "c1"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(environment=ENVIRONMENTS, config=st.binary(max_size=200) | st.just(CONFIG))
def test_whatever_is_said_there_is_one_document_or_the_client_is_left_to_itself(
    desk: Desk, environment: Mapping[str, str], config: bytes
) -> None:
    client = Client(desk, "")
    client.environment = dict(environment)
    said = client.send(client.bytes(config)).answer()
    if said is None:
        assert client.has_token
    elif said[0]:
        assert set(json.loads(said[1])) >= {"cniVersion", "code", "msg"}
    else:
        assert said[1] == b"" or json.loads(said[1])
    client.knows()
