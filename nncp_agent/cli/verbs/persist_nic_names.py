"""Keep the names of this host's NICs: a .link file for each, which udev finds at the next boot.

Done once: a stamp in the folder says so. --cleanup, after the boot, removes the files that are not needed because
systemd gives the NIC the same name by itself. Prints what is done; with --dry-run or --inspect what would be.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK
from nncp_agent.cli.words import Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp persist-nic-names --dry-run
  nncp persist-nic-names --root /mnt --kargs-out /mnt/kargs
  nncp persist-nic-names --cleanup
"""


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--dry-run", action="store_true", help="only say what would be done")
    add("--inspect", action="store_true", help="say which NICs are pinned, and which would be")
    add("--cleanup", action="store_true", help="remove files that are not needed")
    add("--kargs-out", metavar="FILE", help="write the same as kernel arguments to this file")
    add("-r", "--root", metavar="DIR", default="/", help="the root of the system that will boot")


def run(call: Call) -> int:
    from nncp_agent import link_files

    folder = os.path.join(call.options.root, link_files.FOLDER)
    try:
        if call.options.cleanup:
            return _clean(call, folder)
        if call.options.inspect:
            return _inspect(call, folder)
        return _pin(call, folder)
    except OSError as error:
        raise Usage(f"{error.filename or folder}: {error.strerror}") from None


def _pin(call: Call, folder: str) -> int:
    from nncp_agent import link_files
    from nncp_agent.cli import asked

    stamp = os.path.join(folder, link_files.STAMP)
    if os.path.exists(stamp):
        call.say(f"{stamp} is there: nothing to do")
        return OK
    pins = link_files.pins(asked.present(call))
    new = [pin for pin in pins if not os.path.exists(os.path.join(folder, pin.file))]
    for pin in new:
        call.print(f"{os.path.join(folder, pin.file)}: {pin.name} is {pin.mac}")
    if call.options.dry_run:
        return OK
    os.makedirs(folder, exist_ok=True)
    for pin in new:
        _write(os.path.join(folder, pin.file), pin.text)
    if call.options.kargs_out:
        _write(call.options.kargs_out, " ".join(pin.argument for pin in pins) + "\n")
    _write(stamp, "")
    return OK


def _inspect(call: Call, folder: str) -> int:
    from nncp_agent import link_files
    from nncp_agent.cli import asked

    for pin in link_files.pins(asked.present(call)):
        is_there = os.path.exists(os.path.join(folder, pin.file))
        call.print(f"{pin.name}: {'pinned' if is_there else 'not pinned'} ({pin.mac})")
    return OK


def _clean(call: Call, folder: str) -> int:
    from nncp_agent import link_files

    if not os.path.exists(os.path.join(folder, link_files.STAMP)):
        call.say(f"{folder}: no names were kept by us: nothing to do")
        return OK
    for file in sorted(os.listdir(folder)):
        path, name = os.path.join(folder, file), link_files.pinned(file)
        if name is None or not _is_ours(path):
            continue
        own = link_files.by_itself(_properties(name, call.options.root))
        if own != name:
            call.say(f"{path} stays: by itself {name} would be called {own or 'otherwise'}")
            continue
        call.print(f"{path}: not needed")
        if not call.options.dry_run:
            os.unlink(path)
    return OK


def _is_ours(path: str) -> bool:
    from nncp_agent import link_files

    with open(path, encoding="utf-8", errors="replace") as file:
        return file.readline().rstrip("\n") == link_files.MARK


def _properties(name: str, root: str) -> str:
    """What udev knows of the NIC; nothing where there is no udev."""
    import subprocess

    inside = [] if root == "/" else ["chroot", root]
    try:
        done = subprocess.run(
            [*inside, "udevadm", "test-builtin", "net_id", f"/sys/class/net/{name}"],
            check=False,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return ""
    return done.stdout


def _write(path: str, text: str) -> None:
    with open(f"{path}.tmp", "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{path}.tmp", path)
