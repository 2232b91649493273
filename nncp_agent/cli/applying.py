"""The part `apply` and `rollback --to` share: the options, the act, and the words about how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK
from nncp_agent.cli.words import Options, Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from netkernel.transaction import Kernel
    from nncp_agent.checks.base import Check
    from nncp_agent.model import NetworkState
    from nncp_agent.options import Outcome
    from nncp_agent.wire import Decoded


DEFAULTS: Final[Mapping[str, Any]] = {
    "no_commit": False, "timeout": None, "no_verify": False, "no_check": False, "check": (), "check_timeout": None,
    "memory_only": False,
}  # fmt: skip
"""The options of an apply, for verbs that take none or few of them."""


def arguments(parser: ArgumentParser) -> None:
    """The options of an apply."""
    add = parser.add_argument
    add("--no-commit", action="store_true", help="wait for `nncp commit`; without one everything goes back")
    add("--timeout", metavar="SECONDS", type=seconds, help="how long --no-commit waits (60)")
    add("--no-verify", action="store_true", help="do not look whether it came true")
    add("--no-check", action="store_true", help="do not ask gateway and name servers")
    add("--check", metavar="tcp://HOST:PORT", action="append", default=[], help="ask this too; may be repeated")
    add("--check-timeout", metavar="SECONDS", type=seconds, help="how long they may take to answer again (120)")
    add("--memory-only", action="store_true", help="until the next boot only")


def seconds(text: str) -> float:
    """A number of seconds above zero. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86400:
        from argparse import ArgumentTypeError  # late: it is argparse that asks

        raise ArgumentTypeError(f"'{text}': wanted a number of seconds, at most a day")
    return value


def run(
    call: Call,
    decoded: Decoded,
    command: str,
    back_to: int | None = None,
    report: Callable[[Call, Outcome, Decoded], None] | None = None,
) -> int:
    """Apply, or go back to an apply of the history, and `report`. Raises what `nncp_agent.apply` raises, and Usage."""
    stated = {
        **_stated(call),
        "claim": call.claims(),
        "command": command,
        "policies": tuple(head.name for head in decoded.policies),
    }

    from nncp_agent.apply import apply, go_back  # late: what cannot be read needs no engine
    from nncp_agent.cli import policies, progress, scripts
    from nncp_agent.options import Options as Stated

    with progress.shown_on(call.world.stderr) as shown, call.logging(shown), policies.located(decoded):
        options = Stated(
            **stated,
            progress=call.stages(shown),
            refusals=call.refusals(),
            holders=call.world.holders,
            link_files=call.world.link_files,
        )
        call.is_changing = True
        with call.kernel() as kernel:
            if decoded.left:
                policies.note(call, decoded, kernel.overview(()))
            if decoded.problems:
                from nncp_agent import whole  # late: of a policy that can be read nothing is wrong
                from nncp_agent.sections.hardware import needed

                committed = call.store().committed()
                before = kernel.snapshot(needed(decoded.desired, committed))
                whole.refuse(decoded, before, committed, options.refusals)
            options, store = call.world.adapt(options), call.store()
            remembered = scripts.remembered(call, kernel)
            if back_to is None:
                outcome = apply(_asked(call, decoded, kernel), kernel, store, options=options)
            else:
                outcome = go_back(back_to, kernel, store, options=options)
            scripts.run(call, kernel, outcome, remembered)
    (report or said)(call, outcome, decoded)
    return OK


def _asked(call: Call, decoded: Decoded, kernel: Kernel) -> NetworkState | Callable[[], NetworkState]:
    """The state; with captures what they come to once we have the lock, for somebody may have been before us."""
    recapture = call.recapture
    return decoded.desired if recapture is None else lambda: recapture(kernel)


def said(call: Call, outcome: Outcome, decoded: Decoded) -> None:
    """What was done to stdout, the rest to stderr."""
    from nncp_agent.cli.policies import count

    call.warnings(decoded.located(outcome.warnings))
    for op in outcome.ops:
        call.print(str(op))
    call.warnings(f"cannot be undone: {line}" for line in outcome.irreversible)
    if not outcome.ops:
        call.say("nothing to do: the host is as wanted")
        return
    took_s = sum(outcome.seconds.values())
    call.say(f"{count(len(outcome.ops), 'change')} in {took_s:.1f} s" + _number(outcome))
    if outcome.checkpoint:
        timeout_s = getattr(call.options, "timeout", None) or 60.0
        call.say(
            f"not committed: `nncp commit` keeps it, `nncp rollback` takes it back; "
            f"by itself it goes back in {timeout_s:g} s (checkpoint {outcome.checkpoint})"
        )


def _number(outcome: Outcome) -> str:
    return f", apply {outcome.history} of `nncp history`" if outcome.history else ""


def _checks(texts: Sequence[str]) -> list[Check]:
    """Raises NetworkError."""
    if not texts:
        return []
    from nncp_agent.checks import tcp  # late: few applies ask for one

    return [tcp.parse(text) for text in texts]


def _stated(call: Call) -> dict[str, Any]:
    """The options that were given; what was not has the engine's own defaults. Raises Usage."""
    from netkernel.errors import NetworkError

    given = Options(**{**DEFAULTS, **vars(call.options)})
    if given.timeout is not None and not given.no_commit:
        raise Usage("--timeout is how long --no-commit waits: give both, or neither")
    try:
        checks = _checks(given.check)
    except NetworkError as error:
        raise Usage(str(error)) from error
    options: dict[str, Any] = {
        "verify": not given.no_verify,
        "check": not given.no_check,
        "commit": not given.no_commit,
        "memory_only": given.memory_only,
        "checks": checks,
    }
    if given.timeout is not None:
        options["timeout_s"] = given.timeout
    if given.check_timeout is not None:
        options["check_timeout_s"] = given.check_timeout
    return options
