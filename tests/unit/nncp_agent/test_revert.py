"""The way back as a state: on the golden cases' hosts it leads back wherever a state can say what was there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netkernel.documents import Document, read
from netkernel.host import Host
from nncp_agent import shown
from nncp_agent.diff import differences
from nncp_agent.plan import decide
from nncp_agent.revert import revert
from nncp_agent.wire import decode
from nncp_agent.wire.comparable import comparable
from tests.fake_kernel import FakeKernel
from tests.host_text import host

CASES = Path(__file__).parents[2] / "cases"
BEYOND_WORDS = {
    "foreign-port-named-by-this-policy-moves",  # where a tap goes is its owner's affair
    "interfaces-called-by-other-names",  # what is called by its MAC or profile is found by the engine only
    "links-called-by-their-alternative-names",
    "ports-named-by-their-profiles",
}
NAMES = sorted(
    path.name
    for path in CASES.iterdir()
    if (path / "plan.txt").exists() and (path / "plan.txt").read_text() and not (path / "committed.yaml").exists()
)


def state_of(now: Host) -> dict[str, Any]:
    return shown.state(now)


def to_compare(state: dict[str, Any]) -> dict[str, Any]:
    """Without what follows from the rest: MAC addresses that come from ports or by chance, link-local addresses."""
    interfaces = [{**each, "ipv6": _without_link_local(each["ipv6"])} for each in state["interfaces"]]
    for each in interfaces:
        each.pop("mac-address", None)
    return {**state, "interfaces": interfaces}


def _without_link_local(stack: dict[str, Any]) -> dict[str, Any]:
    addresses = [each for each in stack.get("address", ()) if not each["ip"].startswith("fe80:")]
    return {**stack, "address": addresses} if addresses else {"enabled": False}


def names(state: dict[str, Any]) -> list[str]:
    return [each["name"] for each in state["interfaces"]]


def after(now: Host, desired: Any) -> Host:
    kernel = FakeKernel(now)
    kernel.execute(decide(decode([Document(desired)]).desired, now).ops)
    return kernel.snapshot()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in BEYOND_WORDS])
def test_a_policy_and_its_revert_leave_a_host_as_it_was(name: str) -> None:
    before = host(read((CASES / name / "before.yaml").read_text())[0].value)  # type: ignore[arg-type]
    documents = read((CASES / name / "desired.yaml").read_text())
    back = revert(comparable(documents), state_of(before))
    kernel = FakeKernel(before)
    kernel.execute(decide(decode(documents).desired, before).ops)
    again = state_of(after(kernel.snapshot(), back))
    assert names(again) == names(state_of(before))
    assert differences(to_compare(state_of(before)), to_compare(again)) == {}
