"""Types of interfaces that controllers of one type or another never take as ports, whatever else is said of them."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {"bond": "bond", "linux-bridge": "bridge", "vrf": "VRF"}


def refusal(port: str, of_type: str, controller: str) -> str:
    """Why no controller of that type takes a port of that type, or "".

    vrf_add_slave and bond_enslave refuse what is a master itself, br_add_if and bond_enslave what keeps its frames
    (IFF_NO_RX_HANDLER) and what carries none, and br_add_if a bridge.
    """
    match of_type, controller:
        case "linux-bridge", "linux-bridge":
            return f"{port} is a bridge, and the kernel takes no bridge into a bridge; a veth pair can join the two"
        case "vrf", "bond" | "linux-bridge" | "vrf":
            return f"{port} is a VRF, and the kernel takes no VRF into a {_WORDS[controller]}"
        case "ipvlan", "bond" | "linux-bridge":
            word = _WORDS[controller]
            return f"{port} is an IPVLAN, and the kernel takes none into a {word}; a mac-vlan can be its port"
        case "wireguard", "bond" | "linux-bridge":
            return f"{port} carries IP packets, and a {_WORDS[controller]} takes Ethernet frames"
    return ""
