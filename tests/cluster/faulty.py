"""A proxy between a client and the API server that does, request by request, what networks and busy servers do."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lab.cluster import Server

CHUNK = 1 << 16
HEAD_END = b"\r\n\r\n"
REASONS = {401: "Unauthorized", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass
class Fault:
    """Befalls the next `times` requests whose first line has `words`.

    `status` is answered instead of asking the server, `after_s` is how long the answer is held back; an answer is cut
    once it has said `cut_after`.
    """

    words: str
    times: int = 1
    status: int = 0
    after_s: float = 0.0
    cut_after: bytes = b""
    retry_after: str = ""
    befell: threading.Event = field(default_factory=threading.Event)


@dataclass
class Proxy:
    """Listens on `port` of loopback while it runs. `asked` are the first lines of all requests."""

    server: Server
    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def kubeconfig(self) -> Path:
        return self.server.kubeconfig(port=self.port)

    def befall(self, words: str, **what: object) -> Fault:
        fault = Fault(words, **what)  # type: ignore[arg-type]  # the caller's words are its fields
        with self._lock:
            self.faults.append(fault)
        return fault

    def count(self, words: str) -> int:
        return sum(words in line for line in list(self.asked))

    def serve(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        while not self._ended.is_set():
            with suppress(OSError):
                connection = listener.accept()[0]
                threading.Thread(target=self._attend, args=(connection, context), daemon=True).start()

    def _attend(self, raw: socket.socket, context: ssl.SSLContext) -> None:
        with suppress(OSError), ExitStack() as opened:
            client = opened.enter_context(context.wrap_socket(raw, server_side=True))
            opened.callback(_shut, client)
            request = _request(client)
            first = request.split(b"\r\n", 1)[0].decode()
            self.asked.append(first)
            fault = self._fault(first)
            if fault is not None and fault.after_s:
                fault.befell.set()
                self._ended.wait(fault.after_s)
            if fault is not None and fault.status:
                client.sendall(_answer(fault))
                fault.befell.set()
                return
            self._pass_on(client, request, fault, opened)

    def _pass_on(self, client: ssl.SSLSocket, request: bytes, fault: Fault | None, opened: ExitStack) -> None:
        upstream = ssl.create_default_context(cafile=str(self.server.folder / "cert.pem"))
        plain = socket.create_connection(("127.0.0.1", self.server.port))
        there = opened.enter_context(upstream.wrap_socket(plain, server_hostname="127.0.0.1"))
        opened.callback(_shut, there)
        head, body = request.split(HEAD_END, 1)
        there.sendall(head + b"\r\nConnection: close" + HEAD_END + body)
        threading.Thread(target=_end_with, args=(client, there), daemon=True).start()
        said = b""
        while data := there.recv(CHUNK):
            said += data
            if fault is not None and fault.cut_after and fault.cut_after in said:
                rest = said.index(fault.cut_after) + len(fault.cut_after) - (len(said) - len(data))
                client.sendall(data[: max(rest, 0)])
                fault.befell.set()
                return
            client.sendall(data)

    def _fault(self, first: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.words in first and fault.times:
                    fault.times -= 1
                    return fault
        return None


@contextmanager
def between(server: Server) -> Iterator[Proxy]:
    """A proxy of the server for the time of the block."""
    proxy = Proxy(server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.folder / "cert.pem", server.folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.port = listener.getsockname()[1]
        thread = threading.Thread(target=proxy.serve, args=(listener, context), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy._ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _end_with(client: ssl.SSLSocket, there: ssl.SSLSocket) -> None:
    """A client that goes away ends its request."""
    with suppress(OSError, ValueError):
        client.recv(1)
    _shut(there)


def _shut(connection: ssl.SSLSocket) -> None:
    """A close alone would wait for the thread that reads."""
    with suppress(OSError, ValueError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _request(client: ssl.SSLSocket) -> bytes:
    """The whole of it; our client says how long a body is."""
    request = b""
    while HEAD_END not in request:
        if not (data := client.recv(CHUNK)):
            raise ConnectionError
        request += data
    head, body = request.split(HEAD_END, 1)
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        if not (data := client.recv(CHUNK)):
            raise ConnectionError
        body += data
    return head + HEAD_END + body


def _answer(fault: Fault) -> bytes:
    lines = [
        f"HTTP/1.1 {fault.status} {REASONS.get(fault.status, 'Refused')}",
        "Content-Length: 4",
        "Connection: close",
    ]
    if fault.retry_after:
        lines.append(f"Retry-After: {fault.retry_after}")
    return "\r\n".join(lines).encode() + HEAD_END + b"busy"
