"""A program that starts another one with fixed words: an ELF file of a few hundred bytes, made without a compiler.

It needs neither a loader nor a library: the kernel maps it, and it calls execve(2) with its own environment. ELF-64
Object File Format 1.5; System V ABI for x86-64, "Initial Stack and Register State".
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Sequence
from typing import Final

from nncp_agent.installing import NotInstalled

_BASE: Final = 0x400000
_HEADERS: Final = 64 + 56
"""The ELF header and one program header."""
_EXEC, _X86_64, _LOAD, _READ_EXECUTE, _INTERPRETER = 2, 62, 1, 5, 3


def elf(words: Sequence[str]) -> bytes:
    """A program that becomes `words[0]`, an absolute path, called with `words`. Raises NotInstalled elsewhere."""
    if platform.machine() != "x86_64":
        raise NotInstalled(f"no launcher for {platform.machine()}: install a C compiler, for plugins that need none")
    texts = [word.encode() + b"\0" for word in words]
    code_size = len(_code(0, 0, 0))
    at = _BASE + _HEADERS + code_size
    places = []
    for text in texts:
        places.append(at)
        at += len(text)
    at += -at % 8
    pad = at - (_BASE + _HEADERS + code_size + sum(map(len, texts)))
    pointers = struct.pack(f"<{len(places) + 1}Q", *places, 0)
    body = _code(_BASE + _HEADERS, places[0], at) + b"".join(texts) + bytes(pad) + pointers
    return _headers(_HEADERS + len(body)) + body


def needs_a_loader(program: bytes) -> bool:
    """Whether an ELF-64 program asks for one (PT_INTERP), which the node need not have, or not this one."""
    (offset,) = struct.unpack_from("<Q", program, 32)
    size, number = struct.unpack_from("<HH", program, 54)
    return any(struct.unpack_from("<I", program, offset + at * size)[0] == _INTERPRETER for at in range(number))


def _code(here: int, path: int, argv: int) -> bytes:
    """execve(path, argv, what stands behind our own argv and its NULL), or exit with 127."""
    first = bytes.fromhex("488b0424")  # mov rax, [rsp]: argc
    first += bytes.fromhex("488d54c410")  # lea rdx, [rsp + rax*8 + 16]: the environment
    first += bytes.fromhex("48bf") + struct.pack("<Q", path)  # mov rdi, path
    first += bytes.fromhex("48be") + struct.pack("<Q", argv)  # mov rsi, argv
    first += bytes.fromhex("b83b0000000f05")  # mov eax, 59 (execve); syscall
    return first + bytes.fromhex("bf7f000000b83c0000000f05")  # mov edi, 127; mov eax, 60 (exit); syscall


def _headers(size: int) -> bytes:
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", _EXEC, _X86_64, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    program = struct.pack("<IIQQQQQQ", _LOAD, _READ_EXECUTE, 0, _BASE, _BASE, size, size, 0x1000)
    return identity + header + program
