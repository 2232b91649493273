"""Wait for policies, telling how they do."""

from __future__ import annotations

import time
from collections.abc import Mapping

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, NOT_IN_TIME, OK
from nncp_agent.cli.reported.reading import Reading
from nncp_agent.cli.reported.verdict import End, Verdict, verdict


def run(call: Call, there: Reading, wanted: Mapping[str, int], timeout_s: float) -> int:
    """`wanted` are generations by policy, 0 being that which stands there; empty means all policies. Gives the code."""
    deadline = time.monotonic() + timeout_s
    told: dict[str, str] = {}
    with there.news() as wait:
        while True:
            verdicts = look(there, wanted)
            for name, each in verdicts.items():
                if told.get(name) != each.line:
                    call.print(each.line)
                    told[name] = each.line
            left_s = deadline - time.monotonic()
            if all(each.end is not End.NOT_YET for each in verdicts.values()):
                return _told(call, verdicts)
            if left_s <= 0:
                open_ = [name for name, each in verdicts.items() if each.end is End.NOT_YET]
                _tell_failures(call, verdicts)
                call.error(f"not in {timeout_s:g} s: {', '.join(open_)}")
                return NOT_IN_TIME
            wait(left_s)


def look(there: Reading, wanted: Mapping[str, int]) -> dict[str, Verdict]:
    """How each policy does. One that is not there yet is waited for."""
    by_name = {str(each["metadata"]["name"]): each for each in there.policies()}
    enactments = there.enactments()
    return {
        name: verdict(by_name[name], enactments, wanted.get(name))
        if name in by_name
        else Verdict(End.NOT_YET, f"{name}: not there")
        for name in wanted or sorted(by_name)
    }


def _told(call: Call, verdicts: Mapping[str, Verdict]) -> int:
    _tell_failures(call, verdicts)
    return OK if all(each.end is End.WELL for each in verdicts.values()) else FAILED


def _tell_failures(call: Call, verdicts: Mapping[str, Verdict]) -> None:
    for each in verdicts.values():
        for line in each.failures:
            call.error(line)
