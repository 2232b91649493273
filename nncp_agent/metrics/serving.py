"""Where a process is asked over HTTP: its health and metrics, and whatever pages somebody has, also over TLS."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import NamedTemporaryFile
from typing import Any, Final, Protocol

TIMEOUT_S: Final = 10.0
"""An API server asks for no longer (webhooks' own limit is thirty seconds), and nobody else may hold a thread."""
LARGEST: Final = 8 * 2**20
"""Bytes of a review; etcd takes objects of 1.5 MiB, and a review has two."""

Answer = tuple[int, str, str]
"""HTTP status, content type, text."""
Page = Callable[[bytes], Answer]


class Pair(Protocol):
    """A certificate and its key, in PEM."""

    @property
    def certificate(self) -> str: ...
    @property
    def key(self) -> str: ...


class Doors:
    """A part of the process: an HTTP server at an address, with `pages` by path. Over TLS once `use` was called."""

    def __init__(self, name: str, address: tuple[str, int], pages: Mapping[str, Page], *, tls: bool = False) -> None:
        self.name = name
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        self._server = _Server(address, pages, self._tls)
        self._thread = threading.Thread(target=self._server.serve_forever, name=name, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def looks(self) -> int:
        return time.monotonic_ns() if self._thread.is_alive() else 0

    def use(self, pair: Pair) -> None:
        """Serve with this certificate from now on; connections there are keep theirs."""
        assert self._tls is not None
        with NamedTemporaryFile("w", suffix=".pem") as file:  # OpenSSL reads keys from files only
            file.write(pair.key + pair.certificate)
            file.flush()
            self._tls.load_cert_chain(file.name)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], pages: Mapping[str, Page], tls: ssl.SSLContext | None) -> None:
        self.pages, self._tls = pages, tls
        super().__init__(address, _Request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own, so that nobody's slow handshake keeps others waiting."""
        request.settimeout(TIMEOUT_S)
        with suppress(OSError):  # who went away, or speaks no TLS, gets no answer
            if self._tls is None:
                super().finish_request(request, client_address)
                return
            with self._tls.wrap_socket(request, server_side=True) as covered:
                super().finish_request(covered, client_address)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or ""
        if not length.isdecimal() or int(length) > LARGEST:
            self.send_error(413)
            return
        self._answer(self.rfile.read(int(length)))

    def log_message(self, format: str, *args: Any) -> None:
        """Probes and scrapers ask often, and API servers write logs of their own."""

    def _answer(self, body: bytes) -> None:
        page = self.server.pages.get(self.path.partition("?")[0])
        status, kind, text = page(body) if page else (404, "text/plain", "nothing is here\n")
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def health(is_ready: Callable[[], bool], is_alive: Callable[[], bool], metrics: Callable[[], str]) -> dict[str, Page]:
    """/healthz, /readyz and /metrics."""

    def said(claim: Callable[[], bool]) -> Page:
        return lambda _: (200, "text/plain", "ok\n") if claim() else (503, "text/plain", "not yet\n")

    return {
        "/healthz": said(is_alive),
        "/readyz": said(is_ready),
        "/metrics": lambda _: (200, "text/plain; version=0.0.4", metrics()),
    }
