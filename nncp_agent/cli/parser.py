"""Words to options with argparse: help, mistakes, and all that is not `plain`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from nncp_agent.cli.words import COMMON, VERBS, HelpWanted, Options, Usage, did_you_mean, load

DESCRIPTION: Final = """\
Makes the host's bonds, bridges, VLANs, addresses and routes look like a NodeNetworkConfigurationPolicy (or a plain
nmstate document), or leaves the host exactly as it was."""

EPILOGUE: Final = """\
A day with it:
  nncp show                          what is there
  nncp draft bond1 --ports eth2,eth3 > bond1.yaml
  nncp plan bond1.yaml               what would change; `!` is your own way in
  nncp apply bond1.yaml              do it; the gateway must still answer
  nncp apply --no-commit bond1.yaml  do it for a minute; `nncp commit` keeps it
  nncp rollback --to 3               take back what was applied since

Exit codes: 0 ok, 1 failed and rolled back, 2 usage, 3 invalid policy,
            4 failed and not fully undone, 5 not in time (wait).
Environment: NNCP_STATE_DIR (as --state-dir), NO_COLOR.
Each verb has its own help: nncp VERB --help
"""


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise HelpWanted(parser.format_help())


class _Version(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        raise HelpWanted(f"{load('version').text()}\n")


class _Layout(argparse.RawDescriptionHelpFormatter):
    """As newer Pythons lay it out: a value is named once for all spellings, and words are left in one piece."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, action.dest.upper())
        return f"{', '.join(action.option_strings)} {value}"

    def _split_lines(self, text: str, width: int) -> list[str]:
        from textwrap import wrap  # late: only for who asks for help

        return wrap(text, width, break_on_hyphens=False)


class Parser(argparse.ArgumentParser):
    """argparse that raises instead of leaving the process, with the global options in every verb."""

    def __init__(self, prog: str, columns: int, **kwargs: Any) -> None:
        super().__init__(
            prog=prog,
            add_help=False,
            allow_abbrev=False,
            formatter_class=lambda prog: _Layout(prog, max_help_position=28, width=min(columns, 100)),
            **kwargs,
        )
        self._columns = min(columns, 100) - 2
        self._positionals.title = "arguments"

    def format_help(self) -> str:
        """The help, with the paragraphs of the description as wide as the terminal, at most 100 columns."""
        from textwrap import fill  # late: only for who asks

        paragraphs = (self.description or "").split("\n\n")
        self.description = "\n\n".join(
            each if each.startswith(" ") else fill(each, self._columns) for each in paragraphs
        )
        return super().format_help()

    def add_common(self) -> None:
        """The global options; last, so that help shows them last."""
        common = self.add_argument_group("everywhere")
        common.add_argument("-h", "--help", action=_Help, nargs=0, default=argparse.SUPPRESS, help="this text")
        common.add_argument("-v", "--verbose", action="count", default=argparse.SUPPRESS, help="say more on stderr")
        common.add_argument(
            "-q", "--quiet", action="store_true", default=argparse.SUPPRESS, help="say nothing but errors on stderr"
        )
        common.add_argument(
            "--state-dir", metavar="DIR", default=argparse.SUPPRESS, help="instead of /var/lib/nncp-agent"
        )

    def error(self, message: str) -> NoReturn:
        raise Usage(f"{self.prog}: {message}\nTry {self.prog} --help")


def parse(argv: Sequence[str], columns: int = 100) -> Options:
    """The verb and its options. Raises Usage, HelpWanted."""
    options = Options(**COMMON)
    top = _top(columns)
    top.parse_args(argv, options)
    if options.verb is None:
        raise Usage(top.format_help().rstrip())
    if options.verb == "help":  # as well as --help: many tools have both
        if not options.words:
            raise HelpWanted(top.format_help())
        options.verb, options.words = options.words[0], ["--help"]
    verb = options.verb
    if verb not in VERBS:
        raise Usage(f"nncp: no verb '{verb}'{did_you_mean(verb)}\nTry nncp --help")
    words = options.words
    del options.words
    verb_parser(verb, columns).parse_intermixed_args(words, options)
    return options


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
        description=f"{DESCRIPTION}\n\n{listing}",
        epilog=EPILOGUE,
    )
    parser.add_argument("verb", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_common()
    parser.add_argument("--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser
