"""`nncp` under the name nmstatectl: that program's verbs, flags, output and exit codes (nmstate.md 6).

0 ok · 1 it did not work · 64 the words make no command · 65 what should be a document is none.
What another manager holds is refused, unless the environment has NNCP_CLAIM=1: there is no option for it.
The verbs are those of `nncp`; only what nmstatectl prints otherwise is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from nncp_agent.cli import codes, words
from nncp_agent.cli.call import Call
from nncp_agent.cli.words import HelpWanted, Usage
from nncp_agent.cli.world import World

if TYPE_CHECKING:
    from nncp_agent.options import Outcome
    from nncp_agent.shown.base import Tree
    from nncp_agent.wire import Decoded

CODES: Final[Mapping[int, int]] = {codes.USAGE: 64, codes.INVALID: 1, codes.NOT_UNDONE: 1}


def run(argv: Sequence[str], world: World, called: str = "nmstatectl") -> int:
    """One command of nmstatectl; gives its exit code. A name that ends in -autoconf is that verb."""
    from nncp_agent.cli import outcome  # late: that module takes us in

    argv = ["autoconf", *argv] if called.endswith("-autoconf") else list(argv)
    position = next((each for each, word in enumerate(argv) if not word.startswith("-")), None)
    if position is not None and argv[position] == "set":
        world.stderr.write("Using 'set' is deprecated, use 'apply' instead.\n")
    if position:
        argv = [argv[position], *argv[:position], *argv[position + 1 :]]  # an alias stands first
    if argv == ["--version"]:
        argv = ["version"]
    try:
        if argv and not argv[0].startswith("-") and argv[0] not in (*words.VERBS, *words.ALIASES):
            raise Usage(f"error: invalid choice: '{argv[0]}'{words.did_you_mean(argv[0])}")
        verb, options = words.parse(argv, world.columns())
    except HelpWanted as wanted:
        world.stdout.write(wanted.text)
        return codes.OK
    except Usage as error:
        text = str(error).removeprefix("nncp: ").replace("nncp ", "nmstatectl ")
        world.stderr.write(f"{'' if text.startswith('nmstatectl ') else 'nmstatectl: '}{text}\n")
        return CODES[codes.USAGE]
    code = outcome(Call(world, options), VERBS.get(options.verb, verb))
    return CODES.get(code, code)


def _version(call: Call) -> int:
    from nncp_agent.cli.verbs import version

    call.print(f"nmstatectl {version.own()}")
    return codes.OK


def _show(call: Call) -> int:
    """The whole state, or one interface with its routes and the rules of their tables; nothing for an unknown name."""
    from nncp_agent.cli import asked, choose

    state: Tree = dict(asked.present(call, include_secrets=call.options.show_secrets))
    if call.options.running_config:
        from nncp_agent.shown.running import running_config

        state = running_config(state)
    if len(call.options.names) > 1:
        raise Usage("nmstatectl show: wanted one IFNAME")
    if call.options.names:
        state = choose.only(state, lambda each: each["name"] in call.options.names)
    is_json = call.options.json or call.options.output == "json"
    call.write(state, "json" if is_json else "yaml")
    return codes.OK


def _apply(call: Call) -> int:
    """Apply one file after the other, each as a change of its own, until one fails."""
    from nncp_agent.cli import outcome

    call.needs_root()
    for path in dict.fromkeys(call.options.files or ["-"]):
        code = outcome(call, lambda call, path=path: _apply_one(call, path))  # type: ignore[misc]  # bound at once
        if code != codes.OK:
            return code
    return codes.OK


def _apply_one(call: Call, path: str) -> int:
    """Apply, and print what was asked for and was not so before."""
    from nncp_agent.cli import applying, asked, policies
    from nncp_agent.cli.verbs import apply

    decoded = policies.understood(call, [path])
    before = asked.present(call)

    def report(call: Call, outcome: Outcome, decoded: Decoded) -> None:
        from nncp_agent import diff
        from nncp_agent.writer import encode

        call.warnings(decoded.located(outcome.warnings))
        changes: dict[str, Any] = diff.differences(encode(decoded.desired), before)
        call.write(changes if call.options.show_secrets else _without_secrets(changes), "yaml")

    return applying.run(call, decoded, apply.command([path]), report=report)


def _without_secrets(state: dict[str, Any]) -> dict[str, Any]:
    from nncp_agent.shown import secrets

    for interface in state.get("interfaces", ()):
        if found := secrets.of(interface):
            interface[interface["type"]] = {**interface[interface["type"]], **secrets.hidden(found)}
    return state


def _service(call: Call) -> int:
    """What fails was reported, and is no failure of the service."""
    from nncp_agent.cli.verbs import service

    service.run(call)
    return codes.OK


VERBS: Final[Mapping[str, Callable[[Call], int]]] = {
    "show": _show, "apply": _apply, "version": _version, "service": _service,
}  # fmt: skip
