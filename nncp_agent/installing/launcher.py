"""A program that starts another one with fixed words: an ELF file of a few hundred bytes, made without a compiler.

It needs neither a loader nor a library: the kernel maps it, and it calls execve(2) with its own environment. ELF-64
Object File Format 1.5; the ABIs of System V for x86-64 and of Arm for AArch64: the stack begins alike, with argc, the
arguments, a NULL and the environment. For other machines a C compiler has to make what is installed.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from nncp_agent.installing import NotInstalled

_BASE: Final = 0x400000
_HEADERS: Final = 64 + 56
"""The ELF header and one program header."""
_EXEC, _LOAD, _READ_EXECUTE, _INTERPRETER = 2, 1, 5, 3
_PAGE: Final = 0x10000
"""The largest of these machines."""


def elf(words: Sequence[str], machine: str = "") -> bytes:
    """A program that becomes `words[0]`, an absolute path, called with `words`.

    `machine` as uname(2) says it, by default this one. Raises NotInstalled for those that we know no code for.
    """
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        raise NotInstalled(f"no launcher for {machine}: install a C compiler, for plugins that need none")
    number, code = _MACHINES[machine]
    texts = [word.encode() + b"\0" for word in words]
    code_size = len(code(0, 0))
    at = _BASE + _HEADERS + code_size
    places = []
    for text in texts:
        places.append(at)
        at += len(text)
    at += -at % 8
    pad = at - (_BASE + _HEADERS + code_size + sum(map(len, texts)))
    pointers = struct.pack(f"<{len(places) + 1}Q", *places, 0)
    body = code(places[0], at) + b"".join(texts) + bytes(pad) + pointers
    return _headers(number, _HEADERS + len(body)) + body


def needs_a_loader(program: bytes) -> bool:
    """Whether an ELF-64 program asks for one (PT_INTERP), which the node need not have, or not this one."""
    (offset,) = struct.unpack_from("<Q", program, 32)
    size, number = struct.unpack_from("<HH", program, 54)
    return any(struct.unpack_from("<I", program, offset + at * size)[0] == _INTERPRETER for at in range(number))


def _x86_64(path: int, argv: int) -> bytes:
    """execve(path, argv, what stands behind our own argv and its NULL), or exit with 127."""
    first = bytes.fromhex("488b0424")  # mov rax, [rsp]: argc
    first += bytes.fromhex("488d54c410")  # lea rdx, [rsp + rax*8 + 16]: the environment
    first += bytes.fromhex("48bf") + struct.pack("<Q", path)  # mov rdi, path
    first += bytes.fromhex("48be") + struct.pack("<Q", argv)  # mov rsi, argv
    first += bytes.fromhex("b83b0000000f05")  # mov eax, 59 (execve); syscall
    return first + bytes.fromhex("bf7f000000b83c0000000f05")  # mov edi, 127; mov eax, 60 (exit); syscall


def _aarch64(path: int, argv: int) -> bytes:
    """The same; both addresses stand behind the code."""
    code = (
        0xF94003E3,  # ldr x3, [sp]: argc
        0x8B236FE2,  # add x2, sp, x3, uxtx #3
        0x91004042,  # add x2, x2, #16: the environment
        0x580000E0,  # ldr x0, path
        0x58000101,  # ldr x1, argv
        0xD2801BA8, 0xD4000001,  # mov x8, #221 (execve); svc #0
        0xD2800FE0, 0xD2800BA8, 0xD4000001,  # mov x0, #127; mov x8, #93 (exit); svc #0
    )  # fmt: skip
    return struct.pack("<10I2Q", *code, path, argv)


_MACHINES: Final[Mapping[str, tuple[int, Callable[[int, int], bytes]]]] = {
    "x86_64": (62, _x86_64),
    "aarch64": (183, _aarch64),
}
"""By their names: the number of ELF (EM_), and the code."""


def _headers(machine: int, size: int) -> bytes:
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", _EXEC, machine, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    program = struct.pack("<IIQQQQQQ", _LOAD, _READ_EXECUTE, 0, _BASE, _BASE, size, size, _PAGE)
    return identity + header + program
