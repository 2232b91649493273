"""The calls of cnv-tuning: what is asked is planned as ops, done or taken back, checked, and restored by DEL."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from cni.attachments import valid_attachments
from cni.skel import Call
from cni.tuning import backup, config
from cni.tuning.config import ALLOWLIST, Tuning
from cni.types.errors import INTERNAL, INVALID_CONFIG, INVALID_ENVIRONMENT, INVALID_NETNS, IO_FAILURE, CniError
from cni.types.results import Result, replace
from netkernel.errors import KernelRefused, NetworkError
from netkernel.ops import Op, SetLink, WriteSysctl
from netkernel.place import Place
from netkernel.records import Attrs, Link


class TuningPlugin:
    """`allowlist` is the file that says which sysctls may be set."""

    name = "tuning"

    def __init__(self, allowlist: str = ALLOWLIST) -> None:
        self._allowlist = allowlist

    def add(self, call: Call) -> Result:
        """Tune the interface. Raises CniError, with everything as it was."""
        config.check_repeated(call.stdin)
        wanted = config.read(call)
        config.check_allowed(wanted.sysctls, _lines(self._allowlist), self._allowlist)
        previous = _previous(wanted)
        with _place(call) as place:
            link = _link(place, call.ifname) if wanted.attributes else None
            ops = [*_sysctl_ops(place, wanted), *_link_ops(link, wanted)]
            file = backup.name(call.container, call.ifname)
            if link is not None:
                before = {key: link.attrs[key] for key in wanted.attributes}
                backup.write(wanted.data_dir, file, call.network, before)
            try:
                _execute(place, ops)
            except CniError:
                if link is not None:
                    backup.remove(wanted.data_dir, file)
                raise
        return _updated(previous, call.ifname, wanted)

    def delete(self, call: Call) -> None:
        """Put back what ADD found. Nothing but a configuration that is none keeps the chain from going on."""
        wanted = config.read(call)
        file = backup.name(call.container, call.ifname)
        found = backup.read(wanted.data_dir, file)
        if found is not None and call.netns:
            with suppress(NetworkError), Place(call.namespace) as place:
                if link := place.link(call.ifname):
                    place.execute(_set(link, found[0]))
        backup.remove(wanted.data_dir, file)

    def check(self, call: Call) -> None:
        """Raises CniError for the first thing that is not as asked."""
        config.check_repeated(call.stdin)
        wanted = config.read(call)
        _previous(wanted)
        with _place(call) as place:
            for sysctl in wanted.sysctls:
                found = _read_sysctl(place, sysctl.path)
                if found.split() != sysctl.value.split():
                    raise _differs(f"value of {sysctl.key}", sysctl.value, found)
            attributes = wanted.attributes
            link = _link(place, call.ifname) if attributes else None
        for key, value in attributes.items():
            if link is not None and link.attrs[key] != value:
                raise _differs(_WORDS[key].format(call.ifname), str(value).lower(), str(link.attrs[key]).lower())

    def collect(self, call: Call) -> None:
        """Remove backups of attachments that are no more."""
        valid = valid_attachments(call)
        if valid is not None:
            backup.collect(config.read(call).data_dir, call.network, {backup.name(*each) for each in valid})

    def status(self, call: Call) -> None:
        """It needs nothing but the kernel."""
        config.read(call)


_WORDS = {
    "address": "Ethernet of {}",
    "promisc": "promiscuous mode of {}",
    "mtu": "MTU of {}",
    "allmulti": "all-multicast mode of {}",
    "txqlen": "Transmit Queue Length of {}",
}


def _differs(what: str, wanted: str, found: str) -> CniError:
    return CniError(INTERNAL, f"Error: Tuning configured {what} is {wanted}, current value is {found}")


def _previous(wanted: Tuning) -> Result:
    if wanted.previous is None:
        hint = "tuning follows the plugin that made the interface; list it after one"
        raise CniError(INVALID_CONFIG, "Required prevResult missing", hint)
    return wanted.previous


def _place(call: Call) -> Place:
    try:
        os.stat(call.namespace)
        return Place(call.namespace)
    except OSError as error:
        said = f'failed to Statfs "{call.netns}": {(error.strerror or "").lower()}'
        raise CniError(INVALID_NETNS, said, "CNI_NETNS must be the path of a network namespace") from None
    except NetworkError as error:
        why = str(error).replace(call.namespace, call.netns)
        raise CniError(INVALID_NETNS, f'failed to open netns "{call.netns}": {why}') from None


def _link(place: Place, ifname: str) -> Link:
    link = place.link(ifname)
    if link is None:
        raise CniError(INVALID_ENVIRONMENT, f'failed to get "{ifname}": Link not found', "CNI_IFNAME names no link")
    return link


def _sysctl_ops(place: Place, wanted: Tuning) -> list[Op]:
    return [WriteSysctl(each.path, new=each.value, old=_read_sysctl(place, each.path)) for each in wanted.sysctls]


def _read_sysctl(place: Place, path: str) -> str:
    try:
        return place.sysctl(path)
    except KernelRefused as refused:
        raise CniError(INVALID_CONFIG, f"open /proc/sys/{path}: {refused.reason.lower()}") from None


def _link_ops(link: Link | None, wanted: Tuning) -> list[Op]:
    return _set(link, wanted.attributes) if link is not None else []


def _set(link: Link, attributes: Attrs) -> list[Op]:
    """One op for what differs."""
    new = {key: value for key, value in attributes.items() if link.attrs[key] != value}
    old = {key: link.attrs[key] for key in new}
    return [SetLink(link.name, link.kind, new, old)] if new else []


def _execute(place: Place, ops: Sequence[Op]) -> None:
    """All of it or nothing. Raises CniError with the kernel's words, and with what could not be taken back."""
    try:
        place.execute(ops)
    except KernelRefused as refused:
        left = place.undo(ops[: refused.possibly_done])
        written = next((op for op in ops if isinstance(op, WriteSysctl) and str(op) == refused.what), None)
        message = f"write /proc/sys/{written.path}: {refused.reason.lower()}" if written else str(refused)
        raise CniError(IO_FAILURE if written else INTERNAL, message, "; ".join(left)) from None


def _updated(result: Result, ifname: str, wanted: Tuning) -> Result:
    """The result with what is now true of the interface."""
    interfaces = [
        replace(each, mac=wanted.mac or each.mac, mtu=wanted.mtu or each.mtu)
        if each.name == ifname and each.sandbox
        else each
        for each in result.interfaces
    ]
    return replace(result, interfaces=tuple(interfaces))


def _lines(file: str) -> Sequence[str] | None:
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return opened.read().splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CniError(IO_FAILURE, f"{file}: {error.strerror}", "nobody can say which sysctls are allowed") from None
