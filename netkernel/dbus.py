"""The door to D-Bus: one conversation with a bus, for the few calls we make (D-Bus specification 0.43).

No library: a handful of calls does not pay for one, and a command must not load it at its start.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from struct import Struct, unpack_from
from typing import Any, Final, Self

from netkernel.errors import MalformedMessage, NetworkError

PATIENCE_S: Final = 5.0
_LARGEST: Final = 1 << 27
"""Bytes of a message, by the specification."""
_CALL, _RETURN, _ERROR = 1, 2, 3
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SIGNATURE = 1, 2, 3, 4, 5, 6, 8
_FORMATS: Final = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d"}
_ALIGNMENTS: Final = {"y": 1, "b": 4, "n": 2, "q": 2, "i": 4, "u": 4, "x": 8, "t": 8, "d": 8, "s": 4, "o": 4, "g": 1,
                      "v": 1, "a": 4, "(": 8, "{": 8}  # fmt: skip
_DEEPEST: Final = 32


class BusRefused(NetworkError):
    """The bus, or who is called on it, said no. `name` is the error's, like org.freedesktop.DBus.Error.Failed."""

    def __init__(self, what: str, name: str, reason: str) -> None:
        super().__init__(f"{what}: {reason or name}")
        self.name = name
        self.reason = reason


class Bus:
    """A connection to the bus at `address`, a socket's path. Raises BusRefused when nobody listens there."""

    def __init__(self, address: str, patience_s: float = PATIENCE_S) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(patience_s)
        self._serial = 0
        try:
            self._socket.connect(address)
            self._log_in()
        except OSError as error:
            self._socket.close()
            raise BusRefused(address, "", error.strerror or str(error)) from error
        except BaseException:
            self._socket.close()
            raise
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")

    def call(
        self, service: str, path: str, interface: str, member: str, signature: str = "", *arguments: Any
    ) -> list[Any]:
        """What the method returns. Raises BusRefused, MalformedMessage."""
        self._serial += 1
        what = f"{interface}.{member}"
        try:
            self._socket.sendall(_message(self._serial, service, path, interface, member, signature, arguments))
            while True:
                kind, fields, body = self._receive()
                if fields.get(_REPLY_SERIAL) == self._serial and kind in (_RETURN, _ERROR):
                    break
        except OSError as error:
            raise BusRefused(what, "", error.strerror or str(error)) from error
        values = unpack(str(fields.get(_SIGNATURE, "")), body)
        if kind == _ERROR:
            raise BusRefused(what, str(fields.get(_ERROR_NAME, "")), str(values[0]) if values else "")
        return values

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _log_in(self) -> None:
        """SASL EXTERNAL: the kernel tells the bus who we are."""
        user = str(os.geteuid()).encode().hex()
        self._socket.sendall(b"\0AUTH EXTERNAL " + user.encode() + b"\r\n")
        answer = b""
        while not answer.endswith(b"\r\n") and len(answer) < 1024:
            if not (piece := self._socket.recv(1)):
                break
            answer += piece
        if not answer.startswith(b"OK"):
            raise BusRefused("the bus", "", f"does not let us in: {answer.decode(errors='replace').strip()}")
        self._socket.sendall(b"BEGIN\r\n")

    def _receive(self) -> tuple[int, dict[int, Any], bytes]:
        head = self._exactly(16)
        order = "<" if head[:1] == b"l" else ">"
        body_size, _, fields_size = unpack_from(order + "3I", head, 4)
        if order == ">" or body_size + fields_size > _LARGEST:
            raise MalformedMessage(f"a D-Bus message of {body_size} bytes")  # the bus speaks as we do
        fields_raw = self._exactly(_padded(fields_size, 8))
        fields = {int(number): value for number, value in unpack("a(yv)", head[12:] + fields_raw, 12)[0]}
        return head[1], fields, self._exactly(body_size)

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            if not (piece := self._socket.recv(size - len(data))):
                raise ConnectionResetError("the bus hung up")
            data += piece
        return bytes(data)


def _message(
    serial: int, service: str, path: str, interface: str, member: str, signature: str, arguments: Sequence[Any]
) -> bytes:
    body = pack(signature, arguments)
    fields = [(_PATH, ("o", path)), (_MEMBER, ("s", member)), (_INTERFACE, ("s", interface))]
    fields += [(_DESTINATION, ("s", service)), *([(_SIGNATURE, ("g", signature))] if signature else [])]
    head = Struct("<4B2I").pack(ord("l"), _CALL, 0, 1, len(body), serial) + pack("a(yv)", [fields], 12)
    return head + b"\0" * (_padded(len(head), 8) - len(head)) + body


def pack(signature: str, values: Sequence[Any], offset: int = 0) -> bytes:
    """`values` on the wire; `offset` is where in the message they begin. A variant is (signature, value)."""
    data = bytearray(offset)
    for each, value in zip(types(signature), values, strict=True):
        _put(data, each, value)
    return bytes(data[offset:])


def unpack(signature: str, data: bytes, offset: int = 0) -> list[Any]:
    """The values in `data`, which begins `offset` bytes into the message. Raises MalformedMessage."""
    reader = _Reader(b"\0" * offset + data, offset)
    try:
        return [reader.one(each, 0) for each in types(signature)]
    except (IndexError, ValueError, UnicodeDecodeError, ArithmeticError) as error:
        raise MalformedMessage(f"a D-Bus message that is no {signature}: {error}") from error


def types(signature: str) -> Iterator[str]:
    """The complete types of a signature, one by one. Raises ValueError."""
    start = 0
    while start < len(signature):
        end = _end(signature, start, 0)
        yield signature[start:end]
        start = end


def _end(signature: str, at: int, depth: int) -> int:
    if depth > _DEEPEST or at >= len(signature) or signature[at] not in _ALIGNMENTS:
        raise ValueError(f"no signature: {signature!r}")
    if signature[at] == "a":
        return _end(signature, at + 1, depth + 1)
    if signature[at] not in "({":
        return at + 1
    close = ")" if signature[at] == "(" else "}"
    at += 1
    while at < len(signature) and signature[at] != close:
        at = _end(signature, at, depth + 1)
    if at >= len(signature):
        raise ValueError(f"no signature: {signature!r}")
    return at + 1


def _put(data: bytearray, kind: str, value: Any) -> None:
    data += b"\0" * (_padded(len(data), _ALIGNMENTS[kind[0]]) - len(data))
    match kind[0]:
        case "s" | "o":
            text = value.encode()
            data += Struct("<I").pack(len(text)) + text + b"\0"
        case "g":
            data += bytes([len(value)]) + value.encode() + b"\0"
        case "v":
            inner, inside = value
            _put(data, "g", inner)
            _put(data, inner, inside)
        case "a":
            size_at = len(data)
            data += b"\0" * 4
            data += b"\0" * (_padded(len(data), _ALIGNMENTS[kind[1]]) - len(data))
            begin = len(data)
            for each in value:
                _put(data, kind[1:], each)
            data[size_at : size_at + 4] = Struct("<I").pack(len(data) - begin)
        case "(" | "{":
            for each, inside in zip(types(kind[1:-1]), value, strict=True):
                _put(data, each, inside)
        case plain:
            data += Struct("<" + _FORMATS[plain]).pack(value)


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def one(self, kind: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        self._at = _padded(self._at, _ALIGNMENTS[kind[0]])
        match kind[0]:
            case "s" | "o":
                return self._text(self.one("u", depth))
            case "g":
                return self._text(self._take(1)[0])
            case "v":
                (inner,) = types(self.one("g", depth))
                return self.one(inner, depth + 1)
            case "a":
                return self._several(kind[1:], self.one("u", depth), depth)
            case "(" | "{":
                return tuple(self.one(each, depth + 1) for each in types(kind[1:-1]))
            case plain:
                form = Struct("<" + _FORMATS[plain])
                (number,) = form.unpack(self._take(form.size))
                return bool(number) if plain == "b" else number

    def _several(self, kind: str, size: int, depth: int) -> list[Any]:
        self._at = _padded(self._at, _ALIGNMENTS[kind[0]])
        end = self._at + size
        if end > len(self._data):
            raise ValueError("an array longer than its message")
        found = []
        while self._at < end:
            before = self._at
            found.append(self.one(kind, depth + 1))
            if self._at == before:
                raise ValueError("an array of nothing")
        return found

    def _text(self, size: int) -> str:
        text = self._take(size + 1)
        return text[:-1].decode()

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise ValueError("it ends too early")
        self._at += size
        return self._data[self._at - size : self._at]


def _padded(size: int, to: int) -> int:
    return -size % to + size
