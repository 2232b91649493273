"""Where problems and warnings that the engine finds stand in the files of the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netkernel import documents
from netkernel.host import Host
from nncp_agent import wire
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.plan import decide, nothing_refused
from tests.host_text import read_host

CASES = Path(__file__).parents[2] / "cases"
REFUSED = [path.parent for path in sorted(CASES.glob("*/problems.txt"))]
HOST = read_host("""
links:
  eth1: {mtu: 9000}
  eth2:
  v5: {kind: vlan, link: eth1, id: 5, mtu: 9000}
  bond0: {kind: bond, mode: balance-rr}
""")
BOND = """\
interfaces:
- name: bond0
  mtu: 1500
  link-aggregation:
    mode: balance-rr
    {ports}
"""


def located(files: dict[str, str], host: Host, refused: object = None) -> list[Problem]:
    """What is wrong with the files on that host."""
    decoded = wire.decode([page for name, text in files.items() for page in documents.read(text, name)])
    refusals = nothing_refused if not isinstance(refused, dict) else lambda kind, _: refused[kind]
    with pytest.raises(InvalidPolicy) as caught:
        decide(decoded.desired, host, refusals=refusals)
    return decoded.located(caught.value.problems)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_every_problem_has_a_line_that_speaks_of_it(case: Path) -> None:
    text = (case / "desired.yaml").read_text()
    refused = [page.value for path in case.glob("refusals.yaml") for page in documents.read(path.read_text())]
    for problem in located({case.name: text}, read_host((case / "before.yaml").read_text()), *refused):
        assert problem.source == case.name, problem
        line = text.splitlines()[(problem.line or 0) - 1]
        words = re.findall(r"[\w./-]+", f"{re.split(r'[ .]', problem.path)[-1]} {problem.message}")
        assert any(word in line for word in words) or problem.message.startswith("wanted:"), problem


def test_routes_of_several_files_are_counted_in_their_own() -> None:
    good = "interfaces: [{name: eth2, ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]}}]\n"
    good += "routes: {config: [{destination: 10.1.0.0/16, next-hop-interface: eth2}]}\n"
    bad = "interfaces: []\n---\nroutes:\n  config:\n  - destination: 10.2.0.0/16\n    next-hop-interface: eth9\n"
    assert [str(problem) for problem in located({"a.yaml": good, "b.yaml": bad}, HOST)] == [
        "b.yaml:6: routes.config[0].next-hop-interface: "
        "eth9 is not on this host and is made by no file given (did you mean eth2?)"
    ]


@pytest.mark.parametrize("word", ["port", "ports", "slaves"])
def test_an_item_of_a_list_has_its_own_line_whatever_the_list_is_called(word: str) -> None:
    (problem,) = located({"bond.yaml": BOND.format(ports=f"{word}:\n    - eth2\n    - eth9")}, HOST)
    assert problem.line == 8


def test_what_a_policy_only_lists_stands_where_it_is_listed() -> None:
    assert [
        str(problem) for problem in located({"bond.yaml": BOND.format(ports="port: [eth2,\n      eth1]")}, HOST)
    ] == ["bond.yaml:7: eth1: mtu: 1500 is less than the 9000 of v5, which sits on it: name v5 too"]


def test_an_interface_known_by_its_mac_is_called_as_the_policy_calls_it() -> None:
    mac = HOST.links["eth1"].address
    policy = f"interfaces:\n- name: uplink\n  identifier: mac-address\n  mac-address: {mac}\n  mtu: 1500\n"
    assert [str(problem) for problem in located({"a.yaml": policy}, HOST)] == [
        "a.yaml:5: uplink: mtu: 1500 is less than the 9000 of v5, which sits on it: name v5 too (uplink is eth1 here)"
    ]


def test_what_no_file_speaks_of_has_no_place() -> None:
    decoded = wire.decode(documents.read("interfaces: [{name: eth1}]", "a.yaml"))
    (problem,) = decoded.located([Problem("eth7: mtu", "is odd")])
    assert (problem.source, problem.line) == ("", None)
