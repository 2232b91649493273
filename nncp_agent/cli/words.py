"""Words to a verb and its options. Plain ones are understood here; argparse, which is not cheap, is for all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace

from netkernel.typed import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from nncp_agent.cli.call import Call

Options = SimpleNamespace
"""What was asked for: `verb`, those of COMMON, and the verb's own."""

VERBS: Final = {
    "show": "interfaces, addresses, routes: what the host has now",
    "validate": "say whether policies are right, without asking a host",
    "plan": "say what apply would do, one change per line; change nothing",
    "apply": "make the host look like the policies, or leave it as it was",
    "commit": "keep what `apply --no-commit` changed",
    "rollback": "take it back; or with --to what was applied since",
    "release": "give addresses from DHCP back to their servers",
    "history": "every apply: when, what, and what came of it",
    "restore": "bring the committed state back, as at boot",
    "diff": "say what of one state is not so in another",
    "draft": "write a policy for a bond, a bridge, a VLAN",
    "edit": "the state in your editor; what you write is applied",
    "format": "a state or policy in canonical order and words",
    "gr": "the state that would take a policy back",
    "policy": "the state that captures and templates make",
    "gc": "the same state for networkd, NetworkManager or dracut",
    "statistic": "which shapes and features a state uses",
    "persist-nic-names": "keep the names of NICs with udev's .link files",
    "autoconf": "bonds and VLANs from what switches announce",
    "daemon": "keep this node's policies, serve its CNI plugins",
    "pause": "have the daemon leave this node as it is",
    "resume": "have it keep policies again, over what is held, too",
    "central": "write the status of policies, for a whole cluster",
    "policies": "policies and how they do, here or in a cluster",
    "enactments": "what became of policies on each node",
    "nodes": "nodes of a cluster, their daemons, their policies",
    "wait": "until policies have come to their end on all nodes",
    "pods": "what CNI has attached on this node",
    "cni": "the CNI plugins of this node: install, uninstall",
    "host": "nncp itself on a host, from a container: install, run",
    "nad": "say what is wrong with network definitions",
    "attach": "attach a network namespace as Multus would a pod",
    "detach": "take back what `attach` did",
    "service": "apply the files of a folder that are new",
    "version": "which nncp, on which kernel",
    "completion": "a script that teaches your shell these words",
}

ALIASES: Final = {
    "s": "show", "a": "apply", "set": "apply", "p": "policy", "f": "format", "fmt": "format", "st": "statistic",
}  # fmt: skip
"""nmstatectl's other words for verbs."""

COMMON: Final = {"verbose": 0, "quiet": False, "state_dir": None}
"""Options of every verb, as they are when nobody states them."""


class Usage(Exception):
    """The words do not make a command; the message says what to type instead."""


class HelpWanted(Exception):
    """Somebody asked for help, and gets `text`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def parse(argv: Sequence[str], columns: int = 100) -> tuple[Callable[[Call], int], Options]:
    """The verb to run and its options. Raises Usage, HelpWanted."""
    from nncp_agent.cli import plain

    if argv and argv[0] in ALIASES:
        argv = [ALIASES[argv[0]], *argv[1:]]
    options = plain.parse(argv)
    if options is None:
        from nncp_agent.cli import parser  # late: see above

        options = parser.parse(argv, columns)
    run: Callable[[Call], int] = load(options.verb).run
    return run, options


def load(verb: str) -> Any:
    """The verb's module: `arguments(parser)` says what it takes, `run(call)` does it, EXAMPLES show it."""
    module = verb.replace("-", "_")
    return getattr(__import__("nncp_agent.cli.verbs", fromlist=[module]), module)


def did_you_mean(verb: str) -> str:
    """What was perhaps meant, as the end of a sentence."""
    from difflib import get_close_matches  # late: only for a typing error

    close = get_close_matches(verb, VERBS, n=1)
    return f": did you mean {close[0]}?" if close else ""


def address(text: str) -> tuple[str, int]:
    """`:8089` or `[::1]:8089`. Raises ValueError, which argparse tells."""
    host, _, port = text.rpartition(":")
    if not 0 < int(port) < 65536:
        raise ValueError(port)
    return host.strip("[]"), int(port)
