"""`nncp plan` and `nncp validate`: what they print, where they point, and with which code they end."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.command import NODE, Result, Still, nncp

VLAN = """\
interfaces:
- name: eth2.93
  type: vlan
  state: up
  vlan: {base-iface: eth2, id: 93}
"""
RENUMBERED = """\
interfaces:
- name: bond0
  type: bond
  ipv4:
    enabled: true
    address: [{ip: 192.0.2.11, prefix-length: 24}]
- name: eth2
  ipv4:
    enabled: true
    address: [{ip: 198.51.100.1, prefix-length: 24}]
"""


def plan(text: str, *argv: str, **others: object) -> Result:
    return nncp("plan", *argv, kernel=Still(NODE), stdin=text.encode(), state_dir=Path("/nowhere"), **others)  # type: ignore[arg-type]


def test_a_plan_is_one_line_for_each_change() -> None:
    result = plan(VLAN)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0].startswith("create vlan eth2.93 ")
    assert not any(line.startswith("!") for line in result.out.splitlines())


def test_what_is_shown_is_planned_without_a_change() -> None:
    shown = nncp("show", kernel=Still(NODE), state_dir=Path("/nowhere")).out
    result = plan(shown, "--exit-code", "-")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_whoever_writes_an_address_that_is_the_kernels_or_a_servers_is_told() -> None:
    """Unless the host has it already: then it was told when it came, or `show` printed it."""
    addresses = [
        {"ip": "2001:db8:40::11", "prefix-length": 64},
        {"ip": "fe80::5:4:3", "prefix-length": 64},
        {"ip": "2001:db8:40::99", "prefix-length": 64, "valid-life-time": "3600sec"},
    ]
    shown = {"name": "bond0.40", "min-mtu": 68, "ipv6": {"enabled": True, "autoconf": True, "address": addresses}}
    result = plan(json.dumps({"interfaces": [shown]}))
    assert result.code == 0
    assert "add address" not in result.out
    assert result.err == (
        "note: link-local addresses are the kernel's business and left to it: fe80::5:4:3\n"
        "note: addresses with a lifetime are left to whoever gave them: 2001:db8:40::99\n"
    )


def test_a_script_can_ask_whether_there_is_something_to_do() -> None:
    assert plan(VLAN, "--exit-code").code == 10
    assert plan("interfaces: []\n", "--exit-code").code == 0


def test_changes_on_the_way_in_are_marked() -> None:
    lines = plan(RENUMBERED).out.splitlines()
    marked = {line for line in lines if line.startswith("! ")}
    assert "! delete address 192.0.2.10/24 on bond0" in marked
    assert "! add address 192.0.2.11/24 on bond0" in marked
    assert "add address 198.51.100.1/24 on eth2" in lines


def test_the_link_of_an_ssh_session_is_marked_too() -> None:
    session = {"SSH_CONNECTION": "10.40.0.99 50022 10.40.0.11 22"}
    policy = (
        "interfaces: [{name: bond0.40, ipv6: {enabled: true, address: [{ip: '2001:db8:40::12', prefix-length: 64}]}}]"
    )
    assert "! add address 2001:db8:40::12/64 on bond0.40" in plan(policy, environ=session).out
    assert "\nadd address 2001:db8:40::12/64 on bond0.40" in "\n" + plan(policy).out


def test_all_problems_are_reported_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "interfaces:\n- name: bond1\n  type: bond\n  state: up\n"
        "  link-aggregation:\n    mode: active-backup\n    port: [eth2, eth9]\n"
    )
    (tmp_path / "b.yaml").write_text(
        "interfaces:\n- name: br1\n  type: linux-bridge\n  state: up\n  bridge: {port: [{name: eth2}]}\n"
    )
    result = plan("", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"))
    assert (result.code, result.out) == (3, "")
    assert f"error: {tmp_path}/a.yaml:" in result.err
    assert "eth9" in result.err
    assert f"error: {tmp_path}/b.yaml:" in result.err
    assert result.err.splitlines()[-1].endswith(" problems; nothing was changed")


@pytest.mark.parametrize("verb", ["plan", "validate"])
def test_warnings_do_not_mix_with_the_result(verb: str) -> None:
    policy = """\
interfaces:
- {name: bond1, type: bond, state: up, link-aggregation: {mode: balance-alb, port: [eth2, eth3]}}
- {name: br1, type: linux-bridge, state: up, bridge: {port: [{name: bond1}]}}
"""
    result = nncp(verb, kernel=Still(NODE), stdin=policy.encode(), state_dir=Path("/nowhere"))
    assert result.code == 0
    assert result.err.startswith("warning: stdin:2: bond1: link-aggregation.mode: balance-alb under the bridge br1")
    assert "warning" not in result.out
    quiet = nncp("-q", verb, kernel=Still(NODE), stdin=policy.encode(), state_dir=Path("/nowhere"))
    assert (quiet.out, quiet.err) == (result.out, "")


def test_validate_asks_no_kernel_and_takes_links_it_does_not_know_for_granted() -> None:
    result = nncp("validate", stdin=VLAN.encode())
    assert (result.code, result.out, result.err) == (0, "valid: 1 interface, 0 routes\n", "")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("interfaces: [{name: eth2, mtuu: 1}]", "unknown key"),
        ("interfaces: [{name: eth2, mtu: 20}]", "wanted 68 to 65535"),
        (
            "interfaces:\n- {name: a, type: linux-bridge, bridge: {port: [{name: eth2}]}}\n"
            "- {name: b, type: linux-bridge, bridge: {port: [{name: eth2}]}}\n",
            "eth2",
        ),
    ],
)
def test_validate_finds_what_is_wrong_with_the_files_alone(policy: str, message: str) -> None:
    result = nncp("validate", stdin=policy.encode())
    assert (result.code, result.out) == (3, "")
    assert message in result.err


JUMBO = "interfaces: [{name: eth2.5, type: vlan, mtu: 9000, vlan: {base-iface: eth2, id: 5}}"


def test_validate_takes_the_mtu_of_a_link_it_does_not_know_for_granted() -> None:
    bridge = "{name: br1, type: linux-bridge, mtu: 9000, bridge: {port: [{name: eth3}]}}"
    result = nncp("validate", stdin=f"{JUMBO}, {bridge}]".encode())
    assert (result.code, result.out, result.err) == (0, "valid: 2 interfaces, 0 routes\n", "")


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ("{name: eth2, type: ethernet, mtu: 1500}", "eth2.5: mtu: 9000 is more than the 1500 of eth2"),
        ("{name: eth2, type: linux-bridge, bridge: {port: []}}", "eth2.5: mtu: 9000 is more than the 1500 of eth2"),
        ("{name: b1, type: bond, mtu: 70000, link-aggregation: {mode: balance-rr}}", "b1: mtu: wanted 68 to 65535"),
        ("{name: d1, type: dummy, mtu: 576, ipv6: {enabled: true}}", "d1: mtu: wanted 1280 or more"),
    ],
)
def test_validate_judges_the_mtus_of_what_the_files_make(others: str, message: str) -> None:
    result = nncp("validate", stdin=f"{JUMBO}, {others}]".encode())
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith(f"error: stdin:1: {message}")
    assert result.err.endswith("\n1 problem; nothing was changed\n")


def test_a_draft_is_valid() -> None:
    for argv in (
        ["bond1", "--ports", "eth2,eth3", "--mode", "active-backup", "--bridge", "br1", "--vlan", "93"],
        ["bond1", "--ports", "eth2,eth3", "--mode", "802.3ad", "--option", "lacp_rate=fast", "--mtu", "9000"],
        ["eth1", "--vlan", "40", "--address", "10.40.0.11/24", "--address", "2001:db8::1/64", "-o", "json"],
        ["eth1", "--bridge", "br1", "--vlan", "93,100-110", "--selector", "node-role.kubernetes.io/worker="],
    ):
        draft = nncp("draft", *argv)
        assert (draft.code, draft.err) == (0, "")
        assert nncp("validate", stdin=draft.out.encode()).code == 0


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["b"], 2),
        (["b", "--mode", "802.3ad"], 2),
        (["b", "--vlan", "1,2", "--address", "192.0.2.1/24"], 2),
        (["b", "--ports", "eth2", "--mtu", "3"], 2),
        (["a-name-much-too-long", "--ports", "eth2"], 3),
        (["b", "--ports", "b"], 3),
        (["b", "--ports", "eth2", "--option", "lacp_rat=fast"], 3),
    ],
)
def test_a_draft_that_could_not_be_applied_is_not_printed(argv: list[str], code: int) -> None:
    result = nncp("draft", *argv)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(("error: ", "nncp draft: "))


def test_diff_says_what_is_not_so_yet(tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text("interfaces: [{name: eth2, mtu: 9000, state: up}, {name: eth3, mtu: 1500}]\n")
    shown = nncp("show", kernel=Still(NODE), state_dir=Path("/nowhere")).out.encode()
    result = nncp("diff", "-q", "-", str(tmp_path / "new.yaml"), stdin=shown)
    assert (result.code, result.err) == (0, "")
    assert result.out == "interfaces:\n- name: eth2\n  type: ethernet\n  state: up\n  mtu: 9000\n"
    assert nncp("diff", "--exit-code", "-", str(tmp_path / "new.yaml"), stdin=shown).code == 10
    assert nncp("diff", "-", "-").code == 2


def test_routes_are_valid_without_a_host_which_may_have_what_they_leave_by() -> None:
    route = "{destination: %s, next-hop-address: %s, next-hop-interface: eth7}"
    both = ", ".join((route % ("203.0.113.0/24", "192.0.2.1"), route % ("'2001:db8:1::/64'", "'2001:db8::1'")))
    asked = f"routes: {{config: [{both}]}}\n"
    done = nncp("validate", stdin=asked.encode())
    assert (done.code, done.err) == (0, "")
    bare = asked + "interfaces: [{name: eth7, ipv6: {enabled: false}}]\n"
    assert "IPv6 is disabled on eth7" in nncp("validate", stdin=bare.encode()).err


def test_names_and_name_servers_are_valid_without_a_host() -> None:
    asked = b"""\
hostname: {running: node1, config: node1.example}
dns-resolver: {config: {server: [192.0.2.53, fe80::1%eth7], search: [a.example], options: [rotate]}}
route-rules: {config: [{ip-from: 192.0.2.0/24, route-table: 7, iif: eth8}]}
"""
    done = nncp("validate", stdin=asked)
    assert (done.code, done.err) == (0, "")
