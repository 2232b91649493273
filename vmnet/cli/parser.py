"""The words of `vmnet`: its verbs, their options and their help."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import NoReturn

from netkernel.completion import SHELLS
from netkernel.typed import Final
from vmnet.doctor.duplicates import WAIT_S
from vmnet.kept import DIRECTORY
from vmnet.names import PRIMARY
from vmnet.target import QEMU

DESCRIPTION: Final = "Wires the NICs of a KubeVirt VM inside its pod's network namespace, or leaves the pod as it was."
EPILOGUE: Final = """\
A day with it:
  vmnet validate vm.yaml                      everything that is wrong with it, with its line
  vmnet networks vm.yaml                      what its pod asks Multus for: try it with `nncp attach "$(…)"`
  vmnet plan vm.yaml --netns /run/netns/pod   the ops and the nft script; touches nothing
  vmnet setup vm.yaml --netns /run/netns/pod  do it; again after any error, and it finishes
  vmnet status vm.yaml --netns /run/netns/pod
  vmnet doctor vm.yaml --netns /run/netns/pod why it is not on the network, from its NIC to the wire
  vmnet domain-xml vm.yaml --netns … --into domain.xml
  vmnet serve vm.yaml --netns /run/netns/pod  DHCP and router advertisements, until it is told to end
  vmnet run vm.yaml --netns /run/netns/pod -- qemu-system-x86_64 -m 512 disk.img
  vmnet setup vm.yaml --netns … --standby     where a guest is to move to; `vmnet announce` once it runs there
  vmnet teardown --netns /run/netns/pod       the pod's links as CNI made them

Exit codes: 0 ok, 1 failed and the pod is as it was, 2 usage, 3 invalid manifest or unfit pod,
            4 failed and not fully undone. doctor and check: 1 when something is broken or missing.
"""
RESOLV_CONF: Final = "/etc/resolv.conf"
VERBS: Final[Mapping[str, str]] = {
    "validate": "everything that is wrong with a manifest",
    "networks": "the networks its pod asks Multus for, with names and MACs of links",
    "plan": "what setup would do: ops, then the nft script",
    "setup": "wire the NICs",
    "announce": "a guest that has moved here runs now: let it through, and tell the networks",
    "status": "what has become of them",
    "doctor": "why a guest is not on the network: the first hop that is broken, and the command that shows it",
    "hotplug": "wire one NIC more, beside those that are there",
    "unplug": "take one NIC away and put its link back",
    "teardown": "put the pod back as CNI made it",
    "domain-xml": "libvirt's interface elements",
    "qemu-args": "QEMU's arguments",
    "serve": "give the guest its addresses, until told to end",
    "run": "setup, serve, QEMU and teardown in one: vmnet run … -- qemu-system-x86_64 …",
    "check": "what this node lacks before any VM starts",
    "completion": "a script that teaches your shell these words",
}
_WITH_MANIFEST: Final = frozenset(VERBS) - {"teardown", "check", "completion"}
_CHANGES: Final = frozenset({"setup", "hotplug", "unplug", "teardown", "run", "announce"})
_WITH_POD: Final = frozenset(VERBS) - {"validate", "networks", "check", "completion"}


class HelpWanted(Exception):
    """Somebody asked for help."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Usage(Exception):
    """The words make no command."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(f"{message} (see {self.prog} --help)")

    def print_help(self, file: object = None) -> NoReturn:
        raise HelpWanted(self.format_help())


class Options(argparse.Namespace):
    """What a verb was asked; an option that its verb does not have is as if nobody had stated it."""

    verb: str
    file: str = ""
    nic: str = ""
    netns: str = ""
    links: Mapping[str, str] = {}
    primary: str = PRIMARY
    user: int = QEMU
    group: int = QEMU
    state_dir: str = DIRECTORY
    output: str = ""
    into: str = ""
    resolv_conf: str = ""
    keep: bool = False
    standby: bool = False
    no_probe: bool = False
    watch: bool = False
    shell: str = ""
    wait: float = WAIT_S
    command: Sequence[str] = ()
    verbose: bool = False


def parsed(words: Sequence[str]) -> Options:
    """Raises HelpWanted, Usage."""
    whole = _Parser(
        "vmnet", description=DESCRIPTION, epilog=EPILOGUE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parsers(whole)
    ours, command = _parted(words)
    found = whole.parse_args(ours, Options())
    if found.verb == "run" and not command:
        raise Usage(
            "no command: what is to run stands behind --, as in: vmnet run vm.yaml --netns … -- qemu-system-x86_64"
        )
    if command and found.verb != "run":
        raise Usage(f"{found.verb} takes no command behind --")
    found.command = command
    found.links = dict(found.link) if getattr(found, "link", None) else {}
    return found


def parsers(whole: argparse.ArgumentParser | None = None) -> Mapping[str, argparse.ArgumentParser]:
    """One for each verb, below `whole`."""
    whole = whole or _Parser("vmnet")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB", required=True)
    made = {}
    for verb, help in VERBS.items():
        made[verb] = verbs.add_parser(verb, help=help, description=help[0].upper() + help[1:] + ".")
        _add(made[verb], verb)
    return made


def _parted(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Our words, and those behind `--`."""
    at = list(words).index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _add(parser: argparse.ArgumentParser, verb: str) -> None:
    if verb in _CHANGES:
        parser.add_argument("-v", "--verbose", action="store_true", help="say each op as it runs")
    if verb in _WITH_MANIFEST:
        said = "VirtualMachine or VirtualMachineInstance, YAML or JSON; - is stdin"
        parser.add_argument("file", metavar="FILE", help=said)
    if verb in ("hotplug", "unplug"):
        parser.add_argument("nic", help="the NIC's name")
    if verb in _WITH_POD:
        _add_pod(parser, verb)
    _add_own(parser, verb)


def _add_pod(parser: argparse.ArgumentParser, verb: str) -> None:
    said = "the pod's: a path, a name below /run/netns, or a pid"
    parser.add_argument("--netns", required=True, metavar="NETNS", help=said)
    said = "where the pod's own links are kept in mind"
    parser.add_argument("--state-dir", default=DIRECTORY, metavar="DIR", help=said)
    if verb in _WITH_MANIFEST:
        said = "NIC=NAME: the pod's link of a NIC, where it is not called as KubeVirt calls it"
        parser.add_argument("--link", action="append", type=_link, metavar="NIC=NAME", help=said)
        said = f"the pod's own link (default {PRIMARY})"
        parser.add_argument("--primary", default=PRIMARY, metavar="NAME", help=said)
    if verb in _CHANGES & _WITH_MANIFEST | {"plan"}:
        parser.add_argument("--user", type=int, default=QEMU, help=f"who may open the taps (default {QEMU})")
        parser.add_argument("--group", type=int, default=QEMU, help=f"likewise (default {QEMU})")


def _add_own(parser: argparse.ArgumentParser, verb: str) -> None:
    """What one or two verbs have."""
    if verb in ("plan", "setup"):
        said = "the guest runs elsewhere still: nothing passes its taps until `vmnet announce`"
        parser.add_argument("--standby", action="store_true", help=said)
    if verb == "run":
        parser.add_argument("--keep", action="store_true", help="leave the NICs wired when QEMU has ended")
    if verb in ("serve", "run"):
        parser.add_argument("--resolv-conf", default=RESOLV_CONF, metavar="FILE", help="the pod's name servers")
    if verb == "status":
        _add_output(parser, "a table, or all of it", "table", "yaml", "json")
        parser.add_argument("-w", "--watch", action="store_true", help="again whenever something changes")
    if verb == "doctor":
        parser.add_argument("--nic", default="", metavar="NIC", help="this one only")
        _add_output(parser, "for people or programs", "text", "json")
        parser.add_argument("--no-probe", action="store_true", help="ask nobody else whether the address is theirs")
        said = f"how long they may take to say so (default {WAIT_S:g} s)"
        parser.add_argument("--wait", type=float, default=WAIT_S, metavar="SECONDS", help=said)
    if verb == "check":
        _add_output(parser, "for people or programs", "text", "json")
    if verb == "networks":
        _add_output(parser, "what stands in one annotation, or all of the pod's", "networks", "annotations")
    if verb == "domain-xml":
        parser.add_argument("--into", metavar="FILE", help="a domain: print it with the NICs in it")
    if verb == "completion":
        parser.add_argument("shell", choices=SHELLS, help="yours")


def _add_output(parser: argparse.ArgumentParser, said: str, *forms: str) -> None:
    """The first form is what is printed unless somebody asks for another."""
    parser.add_argument("-o", "--output", choices=forms, default=forms[0], help=said)


def _link(text: str) -> tuple[str, str]:
    nic, equals, name = text.partition("=")
    if not (nic and equals and name):
        raise argparse.ArgumentTypeError(f"found {text!r}, wanted NIC=NAME")
    return nic, name
