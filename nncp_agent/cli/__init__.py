"""The command line `nncp`: parse, call the engine, print. stdout is the result, stderr the log.

Exit codes: 0 ok · 1 failed and rolled back · 2 usage · 3 invalid policy · 4 failed and not fully undone · 5 not in
time · 10 `plan` or `diff` found something and `--exit-code` was given · 130 interrupted · 141 the reader of stdout went
away before it had everything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from netkernel.errors import NetworkError, Unreadable
from netkernel.typed import TYPE_CHECKING, NoReturn
from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, INTERRUPTED, INVALID, NO_READER, NOT_UNDONE, OK, UNREADABLE, USAGE
from nncp_agent.cli.words import HelpWanted, Usage, parse
from nncp_agent.cli.world import World
from nncp_agent.errors import Busy, InvalidPolicy, NoWatchdog, Problem, StoreBroken

if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # its wrapper makes Enums of all numbers, which takes 2 ms


def command() -> NoReturn:
    """`main` as a whole process. It ends at once, because giving back every object of a large host takes long.

    What was to be said is flushed by then, and what must last is on the disk.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = main(called=os.path.basename(sys.argv[0]))
    except KeyboardInterrupt:  # before there was a verb, or while the result is written
        code = INTERRUPTED
    if sys.stderr:
        sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None, world: World | None = None, called: str = "nncp") -> int:
    """Run one command; gives its exit code. `world` is everything outside the process, for tests to bring their own.

    `called` is the name of the program: as nmstatectl it behaves like that one, as kubectl-nncp it is of a cluster.
    """
    world = world or World.here()
    argv = sys.argv[1:] if argv is None else argv
    try:
        if called.startswith("nmstate"):
            from nncp_agent.cli import nmstatectl  # late: the other name is the rare one

            code = nmstatectl.run(argv, world, called)
        elif called.startswith("kubectl"):
            from nncp_agent.cli import kubectl  # late: likewise

            code = kubectl.run(argv, world, called)
        else:
            code = _run(argv, world)
        world.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout(world)
        return NO_READER
    except OSError as error:  # what we print could not be written; everything else is caught where it belongs
        _let_go_of_stdout(world)
        world.stderr.write(f"error: cannot write the result: {error.strerror or error}\n")
        return FAILED
    return code


def _run(argv: Sequence[str], world: World) -> int:
    try:
        verb, options = parse(argv, world.columns())
    except HelpWanted as wanted:
        world.stdout.write(wanted.text)
        return OK
    except Usage as error:
        world.stderr.write(f"{error}\n")
        return USAGE
    code = outcome(Call(world, options), verb)
    return INVALID if code == UNREADABLE else code


def outcome(call: Call, verb: Callable[[Call], int]) -> int:
    """The verb's exit code, with whatever stopped it said on stderr."""
    try:
        return verb(call)
    except Usage as error:
        call.error(f"{error}")
        return USAGE
    except InvalidPolicy as error:
        for problem in _as_they_stand(error.problems):
            call.error(f"{problem}")
        call.say(_count(sum(each.count for each in error.problems), "problem") + "; nothing was changed")
        return UNREADABLE if type(error).__name__ == "NoDocument" else INVALID
    except Unreadable as error:
        call.error(f"{error}")
        return UNREADABLE
    except NetworkError as error:
        return _failed(call, error)
    except KeyboardInterrupt:
        call.error("interrupted")
        return INTERRUPTED


def _as_they_stand(problems: Sequence[Problem]) -> list[Problem]:
    """File by file from top to bottom, so that whoever mends them goes through each once; then what is in no file."""
    files = list(dict.fromkeys(problem.source for problem in problems))
    return sorted(problems, key=lambda each: (not each.source, files.index(each.source), each.line or 0))


def _failed(call: Call, error: NetworkError) -> int:
    """Say why, a line for each reason, and how the host was left."""
    for reason in getattr(error, "differences", ()) or (str(error),):
        call.error(reason)
    for line in error.leftovers:
        call.error(f"not as it was: {line}")
    if call.is_changing and not error.leftovers:
        refused = isinstance(error, Busy | StoreBroken | NoWatchdog)
        call.say("nothing was changed" if refused else "the host is as it was")
    return NOT_UNDONE if error.leftovers else FAILED


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _let_go_of_stdout(world: World) -> None:
    """Or the interpreter tries to flush it once more at its end, and complains."""
    if isinstance(world.stdout, TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), world.stdout.fileno())
