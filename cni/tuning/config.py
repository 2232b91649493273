"""What a configuration asks of cnv-tuning, read as the Go plugin reads it (containernetworking/plugins, meta/tuning).

Where several places say the same thing, CNI_ARGS, runtimeConfig and args.cni win over the configuration, the last most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from cni.skel import DEL, Call
from cni.types import args, go_json, results
from cni.types.errors import INVALID_CONFIG, UNDECODABLE, CniError
from cni.types.go_json import Anything, Boolean, Integer, Mapped, Misfit, Shape, Structure, Text
from cni.types.results import Result
from netkernel import macs
from netkernel.frozen import Frozen
from netkernel.typed import Any, Final

DATA_DIR: Final = "/run/cni/tuning"
ALLOWLIST: Final = "/etc/cni/tuning/allowlist.conf"
_ROOT: Final = "/proc/sys/net/"


class Sysctl(Frozen):
    """`key` as it was written, `path` below /proc/sys with the interface's name put in."""

    key: str
    path: str
    value: str


class Tuning(Frozen):
    """None is not asked for. `mac` is lower-case."""

    sysctls: Sequence[Sysctl] = ()
    mac: str | None = None
    mtu: int | None = None
    promisc: bool | None = None
    allmulti: bool | None = None
    tx_queue_length: int | None = None
    data_dir: str = DATA_DIR
    previous: Result | None = None

    @property
    def attributes(self) -> dict[str, str | int | bool]:
        """What is asked of the link, under the names that records have for it."""
        asked = {
            "address": self.mac,
            "mtu": self.mtu,
            "promisc": self.promisc,
            "allmulti": self.allmulti,
            "txqlen": self.tx_queue_length,
        }
        return {key: value for key, value in asked.items() if value is not None}


_TEXTS: Final = Mapped(Text(), "map[string]string")
_ATTRIBUTES: Final[Mapping[str, Shape]] = {
    "sysctl": _TEXTS,
    "mac": Text(pattern=macs.PATTERN),
    "promisc": Boolean(),
    "mtu": Integer(least=0, most=0x7FFFFFFF),
    "allmulti": Boolean(),
    "txQLen": Integer(least=0, most=0xFFFFFFFF),
}
SHAPE: Final = Structure(
    "TuningConf",
    {
        **_ATTRIBUTES,
        "dataDir": Text(),
        "runtimeConfig": Structure(
            "", {"mac": Text(pattern=macs.PATTERN)}, 'struct { Mac string "json:\\"mac,omitempty\\"" }'
        ),
        "args": Structure("", {"cni": Structure("IPAMArgs", _ATTRIBUTES, "*main.IPAMArgs")}, "*struct"),
        "prevResult": Mapped(Anything(), "map[string]interface {}"),
    },
)


def read(call: Call) -> Tuning:
    """Raises CniError for what is no configuration, and for values that no kernel takes, which are nothing to DEL."""
    try:
        config = go_json.fitted(call.config, SHAPE)
    except Misfit as misfit:
        raise CniError(UNDECODABLE, f"failed to load netconf: {misfit}", misfit.where) from None
    data_dir = config.get("dataDir", "") or DATA_DIR
    if call.command == DEL:
        return Tuning(data_dir=data_dir)
    given: dict[str, Any] = config.get("args", {}).get("cni", {})
    stated = {key: value for key, value in config.items() if key in _ATTRIBUTES}
    macs = [args.read(call.args, {"MAC"}).get("MAC", ""), config.get("runtimeConfig", {}).get("mac", "")]
    for mac in macs:
        if mac:
            stated["mac"] = mac
    merged = {**stated, **given, "sysctl": {**stated.get("sysctl", {}), **given.get("sysctl", {})}}
    previous = config.get("prevResult")
    return Tuning(
        sysctls=tuple(_sysctl(key, value, call.ifname) for key, value in merged["sysctl"].items()),
        mac=_mac(merged.get("mac", "")),
        mtu=merged.get("mtu") or None,
        promisc=merged.get("promisc") or None,
        allmulti=merged.get("allmulti"),
        tx_queue_length=_length(merged.get("txQLen")),
        data_dir=data_dir,
        previous=results.read(previous, call.version) if previous is not None else None,
    )


def check_repeated(stdin: bytes) -> None:
    """Raises CniError when a sysctl key stands twice, where JSON lets the last one win."""
    twice = [key for path in (("sysctl",), ("args", "cni", "sysctl")) for key in go_json.repeated(stdin, path)]
    if twice:
        raise CniError(INVALID_CONFIG, "duplicated sysctl keys are not allowed", ", ".join(twice))


def check_allowed(sysctls: Iterable[Sysctl], allowlist: Sequence[str] | None, file: str = ALLOWLIST) -> None:
    """Raises CniError for a key that no line of the allowlist matches; without a list everything is allowed."""
    if allowlist is None:
        return
    patterns = [line for each in allowlist if (line := each.strip())]
    for sysctl in sysctls:
        if not any(_matches(pattern, sysctl.key, file) for pattern in patterns):
            allowed = " ".join(patterns)
            message = f"Sysctl {sysctl.key} is not allowed. Only the following sysctls are allowed: [{allowed}]"
            raise CniError(INVALID_CONFIG, message, f"add a line that matches it to {file}")


def _matches(pattern: str, key: str, file: str) -> bool:
    try:
        return re.search(pattern, key) is not None
    except re.error as error:
        raise CniError(INVALID_CONFIG, f"{file}: {pattern!r} is no regular expression: {error}") from None


def _sysctl(key: str, value: str, ifname: str) -> Sysctl:
    path = key.replace(".", "/").replace("IFNAME", ifname, 1)
    parts: list[str] = []
    for part in f"{_ROOT.removesuffix('net/')}{path}".split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    full = "/" + "/".join(parts)
    if not full.startswith(_ROOT):
        wanted = f"wanted a key below net, as net.ipv4.conf.IFNAME.arp_notify; this one leads to {full}"
        raise CniError(INVALID_CONFIG, f'invalid net sysctl key: "{key}"', wanted)
    return Sysctl(key, full.removeprefix("/proc/sys/"), value)


def _mac(text: str) -> str | None:
    mac = macs.spelled(text)
    if text and not mac:
        said = f"invalid args {text} for MAC addr: address {text}: invalid MAC address"
        raise CniError(INVALID_CONFIG, said, "wanted six bytes, as 02:00:00:00:00:01")
    if mac and not macs.is_an_interfaces(mac):
        raise CniError(INVALID_CONFIG, f"invalid MAC address {text}", "a multicast or zero address is no interface's")
    return mac or None


def _length(stated: int | None) -> int | None:
    if stated is not None and not 0 <= stated <= 0xFFFFFFFF:
        raise CniError(INVALID_CONFIG, f"invalid txQLen {stated}", "wanted 0 to 4294967295")
    return stated
