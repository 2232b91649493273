"""Words to options. A verb's own arguments are only made when that verb is called: argparse is not cheap."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from nncp_agent.cli.call import Call

VERBS: Final = {
    "show": "interfaces, addresses, routes: what the host has now",
    "validate": "say whether policies are right, without asking a host",
    "plan": "say what apply would do, one change per line; change nothing",
    "apply": "make the host look like the policies, or leave it as it was",
    "commit": "keep what `apply --no-commit` changed",
    "rollback": "take it back; or with --to what was applied since",
    "history": "every apply: when, what, and what came of it",
    "restore": "bring the committed state back, as at boot",
    "diff": "say what of one state is not so in another",
    "draft": "write a policy for a bond, a bridge, a VLAN",
    "version": "which nncp, on which kernel",
    "completion": "a script that teaches your shell these words",
}

DESCRIPTION: Final = """\
Makes the host's bonds, bridges, VLANs, addresses and routes look like a NodeNetworkConfigurationPolicy
(or a plain nmstate document), or leaves the host exactly as it was.
"""

EPILOGUE: Final = """\
A day with it:
  nncp show                               what is there
  nncp draft bond1 --ports eth2,eth3 > bond1.yaml
  nncp plan bond1.yaml                    what would change; `!` marks your own way in
  nncp apply bond1.yaml                   do it; the gateway must answer before and after
  nncp apply --no-commit --timeout 60 bond1.yaml
                                          do it for a minute; `nncp commit` keeps it
  nncp rollback --to 3                    take back what was applied after apply 3

Exit codes: 0 ok, 1 failed and rolled back, 2 usage, 3 invalid policy, 4 failed and not fully undone.
Environment: NNCP_STATE_DIR (as --state-dir), NO_COLOR.
Each verb has its own help: nncp VERB --help
"""


class Usage(Exception):
    """The words do not make a command; the message says what to type instead."""


class HelpWanted(Exception):
    """Somebody asked for help, and gets `text`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise HelpWanted(parser.format_help())


class Parser(argparse.ArgumentParser):
    """argparse that raises instead of leaving the process, with the global options in every verb."""

    def __init__(self, prog: str, columns: int, **kwargs: Any) -> None:
        super().__init__(
            prog=prog,
            add_help=False,
            allow_abbrev=False,
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
                prog, max_help_position=28, width=min(columns, 100)
            ),
            **kwargs,
        )
        self._positionals.title = "arguments"

    def add_common(self) -> None:
        """The global options; last, so that help shows them last."""
        common = self.add_argument_group("everywhere")
        common.add_argument("-h", "--help", action=_Help, nargs=0, help="this text")
        common.add_argument("-v", "--verbose", action="count", default=argparse.SUPPRESS, help="say more on stderr")
        common.add_argument(
            "-q", "--quiet", action="store_true", default=argparse.SUPPRESS, help="say nothing but errors on stderr"
        )
        common.add_argument(
            "--state-dir", metavar="DIR", default=argparse.SUPPRESS, help="instead of /var/lib/nncp-agent"
        )

    def error(self, message: str) -> NoReturn:
        raise Usage(f"{self.prog}: {message}\nTry {self.prog} --help")


def parse(argv: Sequence[str], columns: int = 100) -> tuple[Callable[[Call], int], argparse.Namespace]:
    """The verb to run and its options. Raises Usage, HelpWanted."""
    options = argparse.Namespace(verbose=0, quiet=False, state_dir=None)
    top = _top(columns)
    if not argv:
        raise Usage(top.format_help().rstrip())
    top.parse_args(argv, options)
    verb = options.verb
    if verb not in VERBS:
        raise Usage(f"nncp: no verb '{verb}'{_did_you_mean(verb)}\nTry nncp --help")
    module = load(verb)
    parser = verb_parser(verb, columns)
    words = options.words
    del options.words
    parser.parse_intermixed_args(words, options)
    run: Callable[[Call], int] = module.run
    return run, options


def load(verb: str) -> Any:
    """The verb's module: `arguments(parser)` says what it takes, `run(call)` does it, EXAMPLES show it."""
    return getattr(__import__("nncp_agent.cli.verbs", fromlist=[verb]), verb)


def verb_parser(verb: str, columns: int = 100) -> Parser:
    """The parser of one verb."""
    module = load(verb)
    description = (module.__doc__ or "").strip()
    parser = Parser(f"nncp {verb}", columns, description=description, epilog=f"examples:\n{module.EXAMPLES}")
    module.arguments(parser)
    words = [parser._get_formatter()._format_args(each, each.dest) for each in parser._get_positional_actions()]
    parser.usage = " ".join([f"nncp {verb} [OPTION …]", *words])
    parser.add_common()
    return parser


def _top(columns: int) -> Parser:
    listing = "".join(f"  {verb:<12} {summary}\n" for verb, summary in VERBS.items())
    parser = Parser(
        "nncp",
        columns,
        usage="nncp [OPTION …] VERB …",
        description=f"{DESCRIPTION}\n{listing}",
        epilog=EPILOGUE,
    )
    parser.add_argument("verb", help=argparse.SUPPRESS)
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_common()
    return parser


def _did_you_mean(verb: str) -> str:
    from difflib import get_close_matches  # late: only for a typing error

    close = get_close_matches(verb, VERBS, n=1)
    return f": did you mean {close[0]}?" if close else ""
