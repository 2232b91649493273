"""The small archive that a kernel starts from, and the kernel itself in the form QEMU starts fastest."""

from __future__ import annotations

import lzma
import stat
import struct
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from lab.setup.base import SetupFailed, run

FILE: Final = stat.S_IFREG | 0o755
FOLDER: Final = stat.S_IFDIR | 0o755
SETUP_SECTORS: Final = 0x1F1
PAYLOAD: Final = 0x248
"""Offsets in a bzImage (Documentation/arch/x86/boot.rst): setup_sects, then payload_offset and payload_length."""


def archive(files: Mapping[str, bytes]) -> bytes:
    """A cpio archive in "newc" form (Documentation/driver-api/early-userspace/buffer-format.rst) of these files."""
    folders = sorted({str(parent) for name in files for parent in Path(name).parents} - {"."})
    entries = [*((folder, FOLDER, b"") for folder in folders), *((name, FILE, files[name]) for name in sorted(files))]
    numbered = b"".join(_entry(number, *entry) for number, entry in enumerate(entries, start=1))
    return numbered + _entry(0, "TRAILER!!!", 0, b"")


def _entry(number: int, name: str, mode: int, content: bytes) -> bytes:
    named = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(named), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + named
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def uncompressed(kernel: Path) -> bytes:
    """The ELF inside a bzImage: QEMU starts it by its PVH note, and emulates no decompression."""
    image = kernel.read_bytes()
    start, length = struct.unpack_from("<II", image, PAYLOAD)
    begin = ((image[SETUP_SECTORS] or 4) + 1) * 512 + start
    elf = decompressed(image[begin : begin + length], kernel)
    if not elf.startswith(b"\x7fELF"):
        raise SetupFailed(f"{kernel} holds no kernel that can be started directly")
    return elf


def decompressed(data: bytes, origin: Path) -> bytes:
    """By its own first bytes; plain data as it is. A kernel's own length after the stream is left alone."""
    if data.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(data)
    if data.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(wbits=31).decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd(data, origin)
    return data


def _zstd(data: bytes, origin: Path) -> bytes:
    """zstd(1) is older than Python's own module (3.14); it decompresses all, then complains about the length."""
    done = subprocess.run(["zstd", "-dcq"], input=data, check=False, capture_output=True)
    if not done.stdout:
        raise SetupFailed(f"{origin}: zstd said {done.stderr.decode(errors='replace')}")
    return done.stdout


def modules(names: Iterable[str], tree: Path, version: str) -> dict[str, bytes]:
    """These modules and what they need, as files below `modules`; `modules/order` lists them as they are loaded."""
    files: dict[str, bytes] = {}
    for each in names:
        for file in with_needs(each, tree, version):
            name = f"modules/{file.name.split('.ko')[0]}.ko"
            if name not in files:
                files[name] = decompressed(file.read_bytes(), file)
    order = "".join(f"{Path(name).name}\n" for name in files)
    return {**files, "modules/order": order.encode()}


def with_needs(module: str, tree: Path, version: str) -> Iterator[Path]:
    """The files of a module and of all it needs, in the order in which they are loaded."""
    shown = run(
        ["modprobe", "-d", str(tree), "-S", version, "--show-depends", module], failing=f"the kernel has no {module}"
    )
    for line in shown.splitlines():
        if line.startswith("insmod "):
            yield Path(line.split()[1])
