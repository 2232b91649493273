"""Captures and templates on the command line: what `plan` makes of them, shows with -v, and says about mistakes."""

from collections.abc import Collection
from pathlib import Path

import pytest

from netkernel.host import Host
from netkernel.ops import SetLink
from tests.fake_kernel import FakeKernel
from tests.unit.cli.command import NODE, Result, Still, nncp

POLICY = """\
kind: NodeNetworkConfigurationPolicy
apiVersion: nmstate.io/v1
metadata: {name: vlans}
spec:
  capture:
    way-out: routes.running.destination == "0.0.0.0/0"
    uplink: interfaces.name == capture.way-out.routes.running.0.next-hop-interface
  desiredState:
    interfaces:
    - name: "{{ capture.uplink.interfaces.0.name }}.{{ node.labels.vlan | default 93 }}"
      type: vlan
      vlan:
        base-iface: "{{ capture.uplink.interfaces.0.name }}"
        id: "{{ node.labels.vlan | default 93 }}"
"""


def run(tmp_path: Path, *argv: str, policy: str = POLICY) -> Result:
    (tmp_path / "vlans.yaml").write_text(policy)
    (tmp_path / "node.yaml").write_text("labels: {vlan: 94}\n")
    words = [str(tmp_path / word) if word.endswith(".yaml") else word for word in argv]
    return nncp(*words, kernel=Still(NODE), state_dir=tmp_path / "state")


def test_a_plan_says_what_the_captures_and_the_node_make_of_it(tmp_path: Path) -> None:
    done = run(tmp_path, "plan", "vlans.yaml", "--node", "node.yaml")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("create vlan bond0.94 ")


def test_an_option_wins_over_the_file_of_the_node(tmp_path: Path) -> None:
    done = run(tmp_path, "apply", "--dry-run", "vlans.yaml", "--node", "node.yaml", "--label", "vlan=95")
    assert done.out.startswith("create vlan bond0.95 ")


def test_with_v_a_plan_shows_what_was_captured_and_filled_in(tmp_path: Path) -> None:
    done = run(tmp_path, "plan", "-v", "vlans.yaml", "--node", "node.yaml")
    assert "vlans: capture.uplink is interfaces.name == capture.way-out.routes.running.0" in done.err
    assert "    interfaces:\n    - name: bond0\n" in done.err
    assert "vlans: {{ node.labels.vlan | default 93 }} is 94\n" in done.err


def test_mistakes_are_shown_with_line_column_and_a_caret(tmp_path: Path) -> None:
    done = run(tmp_path, "plan", "vlans.yaml", policy=POLICY.replace('"0.0.0.0/0"', '"10.9.0.0/16"'))
    assert done.code == 3
    assert done.err == (
        f"error: {tmp_path}/vlans.yaml:6:29: spec.capture.way-out: no route here has destination '10.9.0.0/16'\n"
        '    routes.running.destination == "10.9.0.0/16"\n'
        "                   ^\n"
        "1 problem; nothing was changed\n"
    )


def test_validate_checks_captures_and_leaves_what_they_say_to_a_host(tmp_path: Path) -> None:
    done = nncp("validate", stdin=POLICY.encode())
    assert (done.code, done.out.split(":")[0]) == (0, "valid as far as can be told without a host")
    wrong = nncp("validate", stdin=POLICY.replace("==", "=", 1).encode())
    assert (wrong.code, wrong.err.splitlines()[0]) == (
        3, "error: stdin:6:41: spec.capture.way-out: found '=', wanted == to compare or := to replace"
    )  # fmt: skip


def test_a_node_needs_no_host_to_be_validated(tmp_path: Path) -> None:
    text = b"interfaces: [{name: '{{ node.name }}', type: dummy}]"
    done = nncp("validate", "--node-name", "dummy7", stdin=text)
    assert done.out == "valid: 1 interface, 0 routes\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--label", "vlan"), 2, "--label 'vlan': wanted KEY=VALUE"),
        (("--node", "/nowhere.yml"), 3, "/nowhere.yml: cannot read it: No such file or directory"),
    ],
)
def test_a_node_that_cannot_be_read_is_said(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = run(tmp_path, "plan", "vlans.yaml", *words)
    assert (done.code, done.err.splitlines()[0]) == (code, f"error: {said}")


class Changing(FakeKernel):
    """A kernel that somebody else changes after the first look."""

    def overview(self, protocols: Collection[int], also: Collection[str] = ()) -> Host:
        seen = super().overview(protocols, also)
        if not self.executed:
            self.execute([SetLink("eth2", "", new={"mtu": 1400}, old={"mtu": 1500})])
        return seen


def test_what_is_applied_is_captured_once_nobody_else_can_change_it(tmp_path: Path) -> None:
    policy = """\
capture: {nic: interfaces.name == "eth2"}
desiredState: {interfaces: [{name: eth3, mtu: "{{ capture.nic.interfaces.0.mtu }}"}]}
"""
    kernel = Changing(NODE)
    done = nncp("apply", stdin=policy.encode(), kernel=kernel, state_dir=tmp_path)
    assert (done.code, done.out) == (0, "set eth3 mtu 1500 -> 1400\n")
