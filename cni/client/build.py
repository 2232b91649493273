"""Makes the client of a plugin for a node: the one in Python, or where there is a compiler the one in C."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cni.client import SOCKET
from cni.types import versions
from netkernel.errors import NetworkError
from netkernel.frozen import Frozen
from netkernel.typed import Final

LONGEST_SOCKET: Final = 107
"""Bytes of a path that fit into a sockaddr_un (unix(7))."""
_HERE: Final = Path(__file__).parent
_COMPILERS: Final = ("cc", "gcc", "clang", "tcc")
_FLAGS: Final = ("-Os", "-s", "-Wall", "-Wextra", "-Werror")


class Client(Frozen):
    """What a client is told when it is made.

    `plugin` is `bridge` or `tuning`; `interpreter` a Python, by its absolute path; `alone` the command that is the
    plugin itself, with absolute paths; `socket` where the daemon listens.
    """

    plugin: str
    interpreter: str
    alone: Sequence[str]
    socket: str = SOCKET


class NotCompiled(NetworkError):
    """There is no compiler, or it does not do."""


def in_python(client: Client) -> bytes:
    """The program's text; it is to be executable. Raises ValueError for what does not fit into it."""
    _check(client)
    values = {
        "NAME": repr(client.plugin.encode()),
        "SOCKET": repr(os.fsencode(client.socket)),
        "ALONE": repr(tuple(os.fsencode(word) for word in client.alone)),
        "SPOKEN": repr(versions.spoken()),
    }
    text = (_HERE / "client.py").read_text()
    for name, value in values.items():
        text, times = re.subn(rf"^{name} = .*$", lambda _, line=f"{name} = {value}": line, text, flags=re.MULTILINE)  # type: ignore[misc]
        if times != 1:
            raise ValueError(f"client.py: {name} stands in {times} lines")
    return f"#!{client.interpreter} -ISE\n{text}".encode()


def compile_c(client: Client, file: str) -> None:
    """Make the program `file`. Raises NotCompiled; ValueError for what does not fit into it."""
    _check(client)
    compiler = next((found for each in _COMPILERS if (found := shutil.which(each))), None)
    if compiler is None:
        raise NotCompiled(f"no C compiler: looked for {', '.join(_COMPILERS)}")
    defined = {
        "NAME": _quoted(client.plugin.encode()),
        "SOCKET": _quoted(os.fsencode(client.socket)),
        "ALONE": ", ".join(_quoted(os.fsencode(word)) for word in client.alone),
        "SPOKEN": _quoted(versions.spoken()),
    }
    words = [f"-D{name}={value}" for name, value in defined.items()]
    for linked in (["-static"], []):  # a static one starts faster; not every node has a libc for it
        command = [compiler, *_FLAGS, *linked, *words, "-o", file, str(_HERE / "client.c")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode:
            return
    raise NotCompiled(f"{compiler}: {done.stderr.strip()}")


def _check(client: Client) -> None:
    if len(os.fsencode(client.socket)) > LONGEST_SOCKET:
        raise ValueError(f"{client.socket}: a socket's path has at most {LONGEST_SOCKET} bytes")
    for word in (client.interpreter, client.alone[0], client.socket):
        if not word.startswith("/"):
            raise ValueError(f"{word}: wanted an absolute path: a runtime starts plugins in any folder")


def _quoted(raw: bytes) -> str:
    """A string of C. Octal has a fixed width, which \\x has not."""
    plain = b"/._-"
    said = (chr(each) if each < 128 and (chr(each).isalnum() or each in plain) else f"\\{each:03o}" for each in raw)
    return f'"{"".join(said)}"'
