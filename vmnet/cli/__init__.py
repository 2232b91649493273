"""`vmnet` on the command line: words to a verb, a verb's outcome to text and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from netkernel.errors import NetworkError, Unreadable
from netkernel.typed import Final, TextIO
from vmnet.cli import parser, verbs
from vmnet.cli.call import Call
from vmnet.errors import InvalidVm, PodUnfit

OK: Final = 0
FAILED: Final = 1
"""It did not work, and the pod is as it was."""
USAGE: Final = 2
INVALID: Final = 3
"""The manifest is wrong, or the pod is not fit for it; nothing was touched."""
NOT_UNDONE: Final = 4
"""It did not work, and something is not as it was; stderr says what."""


def main(words: Sequence[str], stdout: TextIO, stderr: TextIO, stdin: TextIO) -> int:
    """Run one command; gives its exit code. Nothing a user can write ends in a traceback."""
    try:
        options = parser.parsed(words)
    except parser.HelpWanted as wanted:
        stdout.write(wanted.text)
        return OK
    except parser.Usage as mistake:
        stderr.write(f"error: {mistake}\n")
        return USAGE
    try:
        return verbs.VERBS[options.verb](Call(options, stdout, stderr, stdin))
    except (InvalidVm, PodUnfit, Unreadable) as error:
        stderr.write("".join(f"error: {line}\n" for line in str(error).splitlines()))
        return INVALID
    except NetworkError as error:
        stderr.write(f"error: {error}\n")
        for line in error.leftovers:
            stderr.write(f"  not undone: {line}\n")
        return NOT_UNDONE if error.leftovers else FAILED


def command() -> None:
    """The process. A reader of its output that goes away ends it."""
    try:
        code = main(sys.argv[1:], sys.stdout, sys.stderr, sys.stdin)
        sys.stdout.flush()
    except BrokenPipeError:
        code = 141
        sys.stderr.close()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
