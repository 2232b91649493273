"""What drivers are set to, as nmstate shows it and with what it leaves out (nmstate.md 3.3, 4.5)."""

from __future__ import annotations

from netkernel.ethtool import (
    ACTIVE,
    DEVICES,
    SECTIONS,
    VIRTUAL_FUNCTIONS,
    WAKE_WORDS,
    function_of,
    in_order,
    is_mode,
)
from netkernel.host import Host
from netkernel.records import Attrs, Hardware, Value
from netkernel.typed import Final
from nncp_agent.shown.base import Tree

ETHERNETS: Final = ("ethernet", "veth")
"""Types with an `ethernet` section."""

_read: Final[dict[int, tuple[Hardware, Tree]]] = {}
_MOST: Final = 256


def read(hardware: Hardware, type: str, host: Host) -> Tree:
    """The sections `ethtool` and `ethernet`, as far as there is anything in them."""
    sections = _ethtool(hardware)
    tree: Tree = {"ethtool": sections} if sections else {}
    if type in ETHERNETS and (ethernet := _ethernet(hardware, host)):
        tree["ethernet"] = ethernet
    return tree


def _ethtool(hardware: Hardware) -> Tree:
    """Links with the same settings share the record, and what is made of it here."""
    known = _read.get(id(hardware))
    if known is None:
        if len(_read) >= _MOST:
            _read.clear()
        sections = {name: found for name in SECTIONS if name != "link" and (found := _section(name, hardware))}
        known = _read[id(hardware)] = hardware, sections  # the record is kept, and with it its id
    return known[1]


def _section(name: str, hardware: Hardware) -> Tree:
    """Features that nobody can change are left out, as in nmstate."""
    settings, facts = hardware.settings.get(name, {}), hardware.facts.get(name, {})
    if name == "feature":
        settings = hardware.facts.get(ACTIVE, {})
    elif name == "fec" and settings:
        return {"encoding": list(_words(settings.get("encoding", ()))), **facts}
    elif name in ("eee", "wake-on-lan"):
        return {key: _shown(value) for key, value in (*settings.items(), *facts.items()) if settings}
    shown: dict[str, Value] = {}
    for key in sorted(settings):
        shown[key] = settings[key]
        if key in facts:
            shown[f"{key}-max"] = facts[key]
    return shown


def _ethernet(hardware: Hardware, host: Host) -> Tree:
    settings, facts = hardware.settings.get("link", {}), hardware.facts.get("link", {})
    tree: Tree = {"auto-negotiation": settings["autoneg"]} if "autoneg" in settings else {}
    tree |= {key: facts[key] for key in ("speed", "duplex") if key in facts}
    if settings.get("autoneg") and (advertised := _shown(settings.get("advertise", ()))):
        tree["advertise"] = advertised
    if VIRTUAL_FUNCTIONS in hardware.settings:
        devices = hardware.facts.get(DEVICES, {})
        names = {link.parent: link.name for link in host.links.values()} if devices else {}
        tree["sr-iov"] = {
            **hardware.settings[VIRTUAL_FUNCTIONS],
            "vfs": [
                _virtual_function(id, hardware.settings[section], names.get(str(devices.get(str(id)))))
                for section in in_order(hardware.settings)
                if (id := function_of(section)) is not None
            ],
        }
    return tree


def _virtual_function(id: int, settings: Attrs, name: str | None) -> Tree:
    mac = {"mac-address": str(settings["mac-address"]).upper()} if "mac-address" in settings else {}
    return {"id": id, **({"iface-name": name} if name else {}), **settings, **mac}


def _shown(value: Value) -> Value | list[str]:
    """Of what is advertised the link modes."""
    return [each for each in value if is_mode(each) or each in WAKE_WORDS] if isinstance(value, tuple) else value


def _words(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
