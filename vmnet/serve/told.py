"""What one guest is to be told, as a value that a process without our models can read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from netkernel.frozen import Frozen
from netkernel.typed import Any, Final

LEASE_S: Final = 999 * 24 * 3600
"""KubeVirt's lease: the address is the guest's as long as the pod lives."""


class Told4(Frozen, kw_only=True):
    """DHCPv4: `routes` are destinations and gateways, 0.0.0.0 for none, the default last; `router` "" for none."""

    ip: str
    prefix: int
    server: str
    router: str = ""
    routes: tuple[tuple[str, str], ...] = ()
    servers: tuple[str, ...] = ()


class Told6(Frozen, kw_only=True):
    """DHCPv6 and router advertisements: `gateway` is the router's link-local address."""

    ip: str
    network: str
    gateway: str
    servers: tuple[str, ...] = ()


class Told(Frozen, kw_only=True):
    """All of one NIC. `mac` is the only client that is answered, "" for any; `server_mac` who answers."""

    tap: str
    server_mac: str
    mac: str = ""
    mtu: int = 0
    hostname: str = ""
    domain: str = ""
    search: tuple[str, ...] = ()
    four: Told4 | None = None
    six: Told6 | None = None
    boot_file: str = ""
    tftp_server: str = ""
    ntp_servers: tuple[str, ...] = ()
    private: tuple[tuple[int, str], ...] = ()


class Lent(Frozen):
    """An address the guest has from now on, for so many seconds; it is given back when those are 0."""

    ip: str
    lasts_s: int


def to_json(all_of_it: Iterable[Told]) -> str:
    return json.dumps([_plain(each) for each in all_of_it])


def _plain(value: object) -> Any:
    if isinstance(value, Frozen):
        return {name: _plain(getattr(value, name)) for name in value._names}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def from_json(text: str) -> tuple[Told, ...]:
    """Of what `to_json` wrote."""
    return tuple(_read(each) for each in json.loads(text))


def _read(fields: Mapping[str, Any]) -> Told:
    four, six = fields["four"], fields["six"]
    rest = {key: _frozen(value) for key, value in fields.items() if key not in ("four", "six")}
    return Told(
        **rest,
        four=Told4(**{key: _frozen(value) for key, value in four.items()}) if four else None,
        six=Told6(**{key: _frozen(value) for key, value in six.items()}) if six else None,
    )


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
