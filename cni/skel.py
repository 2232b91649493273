"""The plugin's side of the protocol: a call is read from environment and stdin, answered by one JSON document or none.

Nothing is touched before the whole call is known to be one that may be answered. CNI specification 1.1.0, sections 2 to
4; the order of the checks is that of the Go library (containernetworking/cni, pkg/skel), so that a wrong call gets the
same answer from either.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from cni.types import go_json, names, results, versions
from cni.types.errors import INTERNAL, INVALID_ENVIRONMENT, INVALID_NETNS, IO_FAILURE, UNDECODABLE, CniError
from cni.types.go_json import Misfit, Plain, Structure, Text
from cni.types.results import Result
from netkernel.errors import NetworkError
from netkernel.frozen import Frozen
from netkernel.typed import Final, Protocol

ADD, DEL, CHECK, GC, STATUS, VERSION = "ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"


class Setting(Frozen):
    """Where a call is worked on, when that is not the process the runtime started.

    `namespace` is a path by which CNI_NETNS can be opened here; None where the runtime's own does. `stderr` is for what
    delegates log. Whoever is about to wait for others does so `aside`, where it takes no turn from anybody.
    """

    namespace: str | None = None
    stderr: int = 2
    aside: Callable[[], AbstractContextManager[object]] = nullcontext


class Call(Frozen):
    """One call that may be answered. `netns` is as the runtime said it, `namespace` the path by which it is opened;
    `config` the decoded stdin, in `version`.
    """

    command: str
    container: str
    netns: str
    ifname: str
    args: str
    path: str
    network: str
    version: str
    config: Plain
    stdin: bytes
    environment: Mapping[str, str]
    namespace: str = ""
    setting: Setting = Setting()


class Answer(Frozen):
    """What the process does: print these, exit with `status`."""

    status: int
    stdout: bytes = b""
    stderr: bytes = b""


class Plugin(Protocol):
    """What a plugin does; every method raises CniError or NetworkError and leaves nothing half done."""

    @property
    def name(self) -> str:
        """As in `CNI <name> plugin`."""

    def add(self, call: Call) -> Result: ...
    def delete(self, call: Call) -> None: ...
    def check(self, call: Call) -> None: ...
    def collect(self, call: Call) -> None:
        """GC."""

    def status(self, call: Call) -> None: ...


_REQUIRED: Final = {
    "CNI_CONTAINERID": (ADD, DEL, CHECK),
    "CNI_NETNS": (ADD, CHECK),
    "CNI_IFNAME": (ADD, DEL, CHECK),
}
"""CNI_PATH is wanted by the Go library in every call; here only by a plugin that must find another."""
_VALID: Final[Mapping[str, Callable[[str], None]]] = {
    "CNI_CONTAINERID": names.check_container,
    "CNI_IFNAME": names.check_interface,
}
_COMMANDS: Final = (ADD, DEL, CHECK, GC, STATUS)
_TRUE: Final = ("1", "true")
_HERE: Final = Setting()


def answer(
    plugin: Plugin,
    environment: Mapping[str, str],
    read_stdin: Callable[[], bytes],
    release: str,
    setting: Setting = _HERE,
) -> Answer:
    """What `plugin` has to say to a call. Raises nothing that a call could be to blame for."""
    command = environment.get("CNI_COMMAND", "")
    if not command:
        known = ", ".join(versions.SUPPORTED)
        about = f"CNI {plugin.name} plugin version {release}\nCNI protocol versions supported: {known}\n"
        return Answer(0, stderr=about.encode())
    if command == VERSION:
        return Answer(0, versions.spoken())
    version = versions.NEWEST
    try:
        call = _read(command, environment, read_stdin, setting)
        version = call.version
        return Answer(0, _asked(plugin, call))
    except CniError as error:
        return refusal(error, version)
    except NetworkError as error:
        return refusal(_as_cni_error(error), version)
    except Exception as bug:  # the top of the process: a caller that finds no JSON on stdout can only show our stderr
        import traceback  # late: never needed, we hope

        words = f"{plugin.name}: internal error: {type(bug).__name__}: {bug}"
        return Answer(1, refusal(CniError(INTERNAL, words), version).stdout, traceback.format_exc().encode())


def _read(command: str, environment: Mapping[str, str], read_stdin: Callable[[], bytes], setting: Setting) -> Call:
    """The call. Raises CniError for the first thing that is wrong with it, environment first."""
    if command not in _COMMANDS:
        wanted = f"wanted {', '.join(_COMMANDS)} or {VERSION}"
        raise CniError(INVALID_ENVIRONMENT, f"unknown CNI_COMMAND: {command}", wanted)
    missing = []
    for variable, commands in _REQUIRED.items():
        value = environment.get(variable, "")
        if not value and command in commands:
            missing.append(variable)
        elif value and variable in _VALID and command in commands:
            _VALID[variable](value)
    if missing:
        raise CniError(INVALID_ENVIRONMENT, f"required env variables [{','.join(missing)}] missing")
    stdin, config, network, version = _configuration(command, read_stdin)
    netns = environment.get("CNI_NETNS", "")
    namespace = netns if setting.namespace is None else setting.namespace
    if environment.get("CNI_NETNS_OVERRIDE", "").lower() not in _TRUE:
        _check_netns(netns, namespace)
    return Call(
        command=command,
        container=environment.get("CNI_CONTAINERID", ""),
        netns=netns,
        ifname=environment.get("CNI_IFNAME", ""),
        args=environment.get("CNI_ARGS", ""),
        path=environment.get("CNI_PATH", ""),
        network=network,
        version=version,
        config=config,
        stdin=stdin,
        environment=environment,
        namespace=namespace,
        setting=setting,
    )


def _configuration(command: str, read_stdin: Callable[[], bytes]) -> tuple[bytes, Plain, str, str]:
    try:
        stdin = read_stdin()
    except OSError as error:
        raise CniError(IO_FAILURE, f"error reading from stdin: {error.strerror}") from None
    try:
        config = go_json.decoded(stdin)
        network = go_json.fitted(config, _NAMED).get("name", "")
    except Misfit as misfit:
        raise CniError(UNDECODABLE, f"error unmarshall network config: {misfit}", misfit.where) from None
    names.check_network(network)
    try:
        stated = go_json.fitted(config, _VERSIONED).get("cniVersion", "")
    except Misfit as misfit:
        raise CniError(UNDECODABLE, f"decoding version from network config: {misfit}", misfit.where) from None
    return stdin, config, network, versions.checked(stated, command)


_NAMED: Final = Structure("", {"name": Text()}, 'struct { Name string "json:\\"name\\"" }')
_VERSIONED: Final = Structure("", {"cniVersion": Text()})


def _check_netns(said: str, path: str) -> None:
    """A plugin asked to work on the namespace it stands in would take the host's own links for the container's."""
    try:
        there, here = os.stat(path), os.stat("/proc/thread-self/ns/net")
    except (OSError, ValueError):
        return  # one that is not there is the plugin's to judge: DEL is content with that
    if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
        details = f"CNI_NETNS is {said}, which is the namespace of this process; CNI_NETNS_OVERRIDE=1 allows it"
        raise CniError(INVALID_NETNS, "plugin's netns and netns from CNI_NETNS should not be the same", details)


def _asked(plugin: Plugin, call: Call) -> bytes:
    if call.command == ADD:
        result = plugin.add(call)
        try:
            return _document(results.written(result, call.version))
        except CniError:
            plugin.delete(call)  # what the caller is not told of is not left behind
            raise
    act = {DEL: plugin.delete, CHECK: plugin.check, GC: plugin.collect, STATUS: plugin.status}[call.command]
    act(call)
    return b""


def _as_cni_error(error: NetworkError) -> CniError:
    """With the notes that were added on the way."""
    found = CniError(INTERNAL, str(error), "; ".join(error.leftovers))
    for note in getattr(error, "__notes__", ()):
        found.add_note(note)
    return found


def refusal(error: CniError, version: str = versions.NEWEST) -> Answer:
    """The error as a runtime is told it."""
    said = {"cniVersion": version, "code": error.code, "msg": error.message}
    details = "; ".join([*([error.details] if error.details else []), *getattr(error, "__notes__", ())])
    return Answer(1, _document(said | ({"details": details} if details else {})))


def _document(value: object) -> bytes:
    return json.dumps(value, indent=4).encode() + b"\n"
