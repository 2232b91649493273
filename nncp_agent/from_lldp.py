"""A state from what switches say over LLDP: each VLAN they name becomes an interface, on a bond where several see it.

As nmstate's autoconf does it: `bond<ID>`, round robin, and a VLAN that is called what the switch calls it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

VLANS: Final = "ieee-802-1-vlans"
LONGEST_NAME: Final = 15


def autoconf(state: Mapping[str, Any], only: Iterable[str] = ()) -> dict[str, Any]:
    """The state to apply; empty where no neighbour names a VLAN. `only` are the NICs to look at, all when none."""
    chosen = set(only)
    seen: dict[tuple[int, str], list[str]] = {}
    for interface in state.get("interfaces") or ():
        if not chosen or interface["name"] in chosen:
            for vlan in dict.fromkeys(_vlans(interface)):
                seen.setdefault(vlan, []).append(interface["name"])
    interfaces = [each for (number, name), nics in sorted(seen.items()) for each in _interfaces(number, name, nics)]
    return {"interfaces": interfaces} if interfaces else {}


def _vlans(interface: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for neighbour in (interface.get("lldp") or {}).get("neighbors") or ():
        for tlv in neighbour:
            for vlan in tlv.get(VLANS) or ():
                yield int(vlan["vid"]), str(vlan.get("name") or "")


def _interfaces(number: int, name: str, nics: list[str]) -> Iterator[dict[str, Any]]:
    base = nics[0]
    if len(nics) > 1:
        base = f"bond{number}"
        section = {"mode": "balance-rr", "port": sorted(nics)}
        yield {"name": base, "type": "bond", "state": "up", "link-aggregation": section}
    own = name if 0 < len(name) <= LONGEST_NAME and not set(name) & set("/: \t%") else f"{base}.{number}"
    yield {"name": own, "type": "vlan", "state": "up", "vlan": {"base-iface": base, "id": number}}
