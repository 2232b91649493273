"""ipMasq: what a pod sends to other networks carries the node's address, in nftables or iptables.

Tables, chains and comments are those of the Go plugin (containernetworking/plugins, pkg/ip/ipmasq_*.go), so that each
of the two takes down what the other put up. DEL takes down both forms, whatever the configuration says by then.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress

from cni.bridge.pod import network as network_of
from cni.types.errors import INTERNAL, CniError
from netkernel import nftables as nft
from netkernel.digests import sha512
from netkernel.errors import KernelRefused
from netkernel.netlink import Message
from netkernel.nft_rules import Rule
from netkernel.nftables import INET, Nftables
from netkernel.typed import Final

TABLE: Final = "cni_plugins_masquerade"
_OF: Final = (INET, TABLE)
_CHECKS, _POST = "masq_checks", "postrouting"
_POSTROUTING_HOOK, _SRCNAT = 4, 100
_LONGEST_COMMENT: Final = 127
_CHAIN_LENGTH: Final = 28
_FAMILIES: Final = {4: 2, 6: 10}  # NFPROTO_*
_PROGRAMS: Final = {4: "iptables", 6: "ip6tables"}
_MULTICAST: Final = {4: "224.0.0.0/4", 6: "ff00::/8"}
_WAIT_S: Final = "5"


def put_up(backend: str, network: str, ifname: str, container: str, addresses: Sequence[str]) -> None:
    """Masquerade for addresses (in CIDR form). Raises CniError, KernelRefused."""
    if backend == "nftables" or (not backend and not shutil.which("iptables")):
        with Nftables() as door:
            door.commit(_nft_rules(network, ifname, container, addresses))
    else:
        for address in addresses:
            _iptables_up(network, container, address)


def take_down(network: str, ifname: str, container: str) -> None:
    """Remove both forms. Raises KernelRefused, CniError."""
    name = chain(network, container)
    with Nftables() as door:
        prefix = _key(network, ifname, container)
        found = [rule for rule in door.rules(*_OF, _CHECKS, containing=prefix) if rule.comment.startswith(prefix)]
        _remove(door, found)
        families = [family for family in _PROGRAMS if _may_be_in_iptables(door, name, family)]
    for family in families:
        _iptables_down(family, name)


def collect(network: str, valid: Iterable[tuple[str, str]]) -> None:
    """Remove the rules in nftables of a network's attachments that are not valid any more. Raises KernelRefused."""
    kept = {_key(network, ifname, container) for container, ifname in valid}
    ours = f"{_hash(network)}-"
    with Nftables() as door:
        rules = door.rules(*_OF, _CHECKS, containing=ours)
        found = [each for each in rules if each.comment.startswith(ours) and each.comment.partition(",")[0] not in kept]
        _remove(door, found)


def _remove(door: Nftables, found: Sequence[Rule]) -> None:
    """With the last rule goes the table, which has nothing else in it, unless somebody is about to use it."""
    if found:
        door.commit([nft.delete_rule(*_OF, rule) for rule in found])
    elif not door.has_table(*_OF):
        return
    seen = door.generation()
    if not door.rules(*_OF, _CHECKS) and sorted(door.chains(*_OF)) == sorted((_CHECKS, _POST)):
        with suppress(KernelRefused):
            door.commit([nft.delete_table(*_OF)], seen)


def _may_be_in_iptables(door: Nftables, name: str, family: int) -> bool:
    """Asked before programs are run: iptables keeps chains in nftables; the old one says in /proc that it is used."""
    if door.has_chain(_FAMILIES[family], "nat", name):
        return True
    try:
        with open("/proc/net/ip6_tables_names" if family == 6 else "/proc/net/ip_tables_names") as opened:
            return "nat" in opened.read().split()
    except OSError:
        return False


def _nft_rules(network: str, ifname: str, container: str, addresses: Sequence[str]) -> list[Message]:
    comment = f"{_key(network, ifname, container)}, net: {network}, if: {ifname}, id: {container}"
    made = [
        nft.table(*_OF, "Masquerading for plugins from github.com/containernetworking/plugins"),
        nft.base_chain(*_OF, _POST, kind="nat", hook=_POSTROUTING_HOOK, priority=_SRCNAT),
        nft.chain(*_OF, _CHECKS),
        nft.flush(*_OF, _POST),
        *(_leave_alone(each) for each in _MULTICAST.values()),
        nft.rule(*_OF, _POST, [nft.jump(_CHECKS)], ""),
    ]
    for address in addresses:
        ip = address.partition("/")[0]
        net, _, prefix = network_of(address).partition("/")
        source = nft.address("saddr", ip, 128 if ":" in ip else 32)
        elsewhere = nft.address("daddr", net, int(prefix), nft.UNEQUAL)
        expressions = [nft.of_family(ip), source, elsewhere, nft.masquerade()]
        made.append(nft.rule(*_OF, _CHECKS, expressions, comment[:_LONGEST_COMMENT]))
    return made


def _leave_alone(net: str) -> Message:
    ip, _, prefix = net.partition("/")
    return nft.rule(*_OF, _POST, [nft.of_family(ip), nft.address("daddr", ip, int(prefix)), nft.leave()], "")


def _key(network: str, ifname: str, container: str) -> str:
    return f"{_hash(network)}-{_hash(f'{ifname}:{container}')}"


def _hash(text: str) -> str:
    return sha512(text.encode()).hexdigest()[:16]


def chain(network: str, container: str) -> str:
    """The chain's name in iptables."""
    digest = sha512(f"{network}{container}".encode()).hexdigest()
    return f"CNI-{digest}"[:_CHAIN_LENGTH]


def _iptables_up(network: str, container: str, address: str) -> None:
    family = 6 if ":" in address else 4
    name, said = chain(network, container), f'name: "{network}" id: "{container}"'
    comment = ["-m", "comment", "--comment", said]
    ip = address.partition("/")[0]
    _iptables(family, "-N", name, accept_failure=True)
    for rule in (
        [name, "-d", network_of(address), "-j", "ACCEPT", *comment],
        [name, "!", "-d", _MULTICAST[family], "-j", "MASQUERADE", *comment],
        ["POSTROUTING", "-s", ip, "-j", name, *comment],
    ):
        if _iptables(family, "-C", *rule, accept_failure=True) is None:
            _iptables(family, "-A", *rule)


def _iptables_down(family: int, name: str) -> None:
    """Whoever jumps to the chain does so for an address; the program says which in the words that it takes."""
    if not shutil.which(_PROGRAMS[family]):
        return
    for line in (_iptables(family, "-S", "POSTROUTING") or "").splitlines():
        words = shlex.split(line)
        if name in words:
            _iptables(family, "-D", *words[1:], accept_failure=True)
    if _iptables(family, "-F", name, accept_failure=True) is not None:
        _iptables(family, "-X", name, accept_failure=True)


def _iptables(family: int, *words: str, accept_failure: bool = False) -> str | None:
    """What it printed; None when it failed. Raises CniError when it did and must not."""
    command = [_PROGRAMS[family], "-w", _WAIT_S, "-t", "nat", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    except OSError as error:
        raise CniError(
            INTERNAL, f"{command[0]}: {error.strerror}", "ipMasqBackend: nftables needs no program"
        ) from None
    if done.returncode and not accept_failure:
        raise CniError(INTERNAL, f"{' '.join(command)}: {done.stderr.strip()}", "ipMasq could not be set up")
    return None if done.returncode else done.stdout
