"""Addresses from somebody else: an IPAM plugin, found on CNI_PATH and called as we were called.

CNI specification 1.1.0, section 4 ("Plugin delegation"): the same environment, the same bytes on stdin. What it refuses
is passed on as it said it. No lock is held meanwhile: some plugins take a minute.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from cni.skel import ADD, DEL, Call
from cni.types import go_json, results
from cni.types.errors import INTERNAL, INVALID_CONFIG, INVALID_ENVIRONMENT, UNDECODABLE, CniError
from cni.types.go_json import Integer, Misfit, Structure, Text
from cni.types.results import Result
from netkernel.typed import Any, Final, NoReturn

_ERROR: Final = Structure("Error", {"code": Integer(), "msg": Text(), "details": Text()}, "types.Error")
_ONE_READ: Final = 1 << 16


def add(kind: str, call: Call) -> Result:
    """Ask the plugin `kind` for addresses; when that fails it is told to forget them. Raises CniError."""
    try:
        return _result(kind, run(kind, call, ADD))
    except CniError:
        with suppress(CniError):  # what it could not do matters less than why it could not give addresses
            run(kind, call, DEL)
        raise


def tell(kind: str, call: Call, command: str) -> None:
    """Pass a command on that has no result: DEL, CHECK, GC, STATUS. Raises CniError."""
    run(kind, call, command)


def find(kind: str, path: str) -> str:
    """The plugin's file. Raises CniError when no directory of CNI_PATH has it."""
    if not kind:
        raise CniError(INVALID_CONFIG, "no plugin name provided", "ipam.type is empty")
    if "/" in kind:
        raise CniError(INVALID_CONFIG, f"invalid plugin name: {kind}", "wanted the name of a file in CNI_PATH")
    if not path:
        raise CniError(INVALID_ENVIRONMENT, "no paths provided", f'CNI_PATH is empty; wanted where "{kind}" is')
    folders = path.split(":")
    for folder in folders:
        file = os.path.join(folder or ".", kind)
        try:
            if stat.S_ISREG(os.stat(file).st_mode):
                return file
        except (OSError, ValueError):
            continue
    said = f'failed to find plugin "{kind}" in path [{" ".join(folders)}]'
    raise CniError(INTERNAL, said, f"install it there, or name another in ipam.type (CNI_PATH is {path})")


def run(kind: str, call: Call, command: str) -> bytes:
    """What the plugin printed when it was called. Raises CniError with its own refusal when it failed."""
    file = find(kind, call.path)
    environment = {**call.environment, "CNI_COMMAND": command}
    try:
        with call.setting.aside():
            status, printed = _executed(file, environment, call.stdin, call.setting.stderr)
    except OSError as error:
        raise CniError(INTERNAL, f"{file}: {error.strerror}", f"{command} was to be passed on to it") from None
    if status:
        _refuse(kind, command, status, printed)
    return printed


def _executed(file: str, environment: dict[str, str], stdin: bytes, stderr: int) -> tuple[int, bytes]:
    """Exit status (negative: the signal) and stdout. stderr is the runtime's, so that what it logs is not lost.

    stdin is a file in memory: a plugin that does not read it cannot make us wait.
    """
    given = os.memfd_create("stdin", os.MFD_CLOEXEC)
    out, into = os.pipe2(os.O_CLOEXEC)
    try:
        os.write(given, stdin)
        os.lseek(given, 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, given, 0), (os.POSIX_SPAWN_DUP2, into, 1), (os.POSIX_SPAWN_DUP2, stderr, 2)]
        pid = os.posix_spawn(file, [file], environment, file_actions=actions, **_as_others_are())
        os.close(into)
        into = -1
        parts = []
        while part := os.read(out, _ONE_READ):
            parts.append(part)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), b"".join(parts)
    finally:
        for fd in (given, out, into):
            if fd >= 0:
                os.close(fd)


def _as_others_are() -> dict[str, Any]:
    """A daemon's thread may go before others (SCHED_RR); a delegate, which is started from it, does not."""
    if os.sched_getscheduler(0) != os.SCHED_RR:
        return {}
    return {"scheduler": (os.SCHED_OTHER, os.sched_param(0))}


def _result(kind: str, printed: bytes) -> Result:
    try:
        value = go_json.decoded(printed)
    except Misfit as misfit:
        raise CniError(UNDECODABLE, f"{kind}: its result is no JSON: {misfit}", misfit.where) from None
    return results.read(value, results.version_of(value))


def _refuse(kind: str, command: str, status: int, printed: bytes) -> NoReturn:
    try:
        error = go_json.fitted(go_json.decoded(printed), _ERROR)
    except Misfit:
        error = {}
    if error.get("msg") or error.get("code"):
        raise CniError(error.get("code", INTERNAL), error.get("msg", ""), error.get("details", ""))
    how = f"was ended by signal {-status}" if status < 0 else f"exited with {status}"
    said = printed.decode("utf-8", "replace").strip()
    raise CniError(INTERNAL, f"{kind}: {command} {how} and printed no CNI error", said)
