"""`nncp show`: the table, the tree, YAML and JSON, and who is found."""

import json
from pathlib import Path

import pytest

from netkernel import documents
from netkernel.frozen import replace
from netkernel.host import Host
from tests.unit.cli.command import NODE, Still, link, nncp

TABLE = """\
  NAME      STATE           MTU    ADDRESSES           PORTS       WHAT            IN     OWNER  MAC
bond
  bond0     up              1500   192.0.2.10/24       eth0, eth1  active-backup                 52:54:00:00:00:06
ethernet
  eth0      up              1500                                                   bond0         52:54:00:00:00:02
  eth1      up, no carrier  1500                                                   bond0         52:54:00:00:00:03
  eth2      up              1500                                                                 52:54:00:00:00:04
  eth3      up              1500                                                                 52:54:00:00:00:05
linux-bridge
  br0       up              1500                       tap1                                      52:54:00:00:00:08
loopback
  lo        up              65536  127.0.0.1/8
tun
  tap1      ignore          1500                                                   br0    vmnet  52:54:00:00:00:09
vlan
  bond0.40  up              1500   10.40.0.11/24                   id 40 on bond0                52:54:00:00:00:07
                                   2001:db8:40::11/64
"""

TREE = """\
bond0.40  vlan, id 40, up, 10.40.0.11/24, 2001:db8:40::11/64
└─ bond0  bond, active-backup, up, 192.0.2.10/24
   ├─ eth0  ethernet, up
   └─ eth1  ethernet, up, no carrier
br0  linux-bridge, up
└─ tap1  tun, ignore, owned by vmnet
eth2  ethernet, up
eth3  ethernet, up
lo  loopback, up, mtu 65536, 127.0.0.1/8
"""


def test_the_table_groups_by_type_and_says_what_sits_on_what(tmp_path: Path) -> None:
    result = nncp("show", "-o", "table", kernel=Still(NODE), state_dir=tmp_path)
    assert (result.code, result.out, result.err) == (0, TABLE, "")


def test_the_tree_puts_everything_above_what_it_stands_on(tmp_path: Path) -> None:
    assert nncp("show", "-o", "tree", kernel=Still(NODE), state_dir=tmp_path).out == TREE


def test_a_terminal_gets_the_table_in_colour_unless_it_does_not_want_to(tmp_path: Path) -> None:
    painted = nncp("show", kernel=Still(NODE), state_dir=tmp_path, terminal=True).out
    assert "\x1b[31mup, no carrier\x1b[0m" in painted
    for environ in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        environ |= {"COLUMNS": "120"}
        assert nncp("show", kernel=Still(NODE), state_dir=tmp_path, terminal=True, environ=environ).out == TABLE


def test_a_pipe_gets_yaml_and_json_says_the_same(tmp_path: Path) -> None:
    (read,) = documents.read(nncp("show", kernel=Still(NODE), state_dir=tmp_path).out)
    assert read.value == json.loads(nncp("show", "-o", "json", kernel=Still(NODE), state_dir=tmp_path).out)
    assert isinstance(read.value, dict)
    assert list(read.value["interfaces"][0])[:3] == ["name", "type", "state"]


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        (["eth2"], ["eth2"]),
        (["eth3", "bond0"], ["bond0", "eth3"]),
        (["--find", "10.40.0"], ["bond0.40"]),
        (["--find", "BOND0"], ["bond0", "bond0.40"]),
        (["--find", "52-54-00-00-00-04"], ["eth2"]),
        (["--find", "2001:DB8"], ["bond0.40"]),
        (["--find", "nowhere"], []),
        (["eth2", "eth3", "--find", "00:05"], ["eth3"]),
    ],
)
def test_interfaces_are_chosen_by_name_address_and_mac(argv: list[str], names: list[str], tmp_path: Path) -> None:
    result = nncp("show", "-o", "json", *argv, kernel=Still(NODE), state_dir=tmp_path)
    assert [each["name"] for each in json.loads(result.out)["interfaces"]] == names
    assert result.code == 0


def test_a_chosen_interface_brings_its_routes_only(tmp_path: Path) -> None:
    def routes(name: str) -> list[str]:
        shown = json.loads(nncp("show", "-o", "json", name, kernel=Still(NODE), state_dir=tmp_path).out)
        return [route["destination"] for route in shown["routes"]["running"]]

    assert routes("bond0") == ["0.0.0.0/0"]
    assert routes("eth2") == []


def test_a_name_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = nncp("show", "eth2", "bond9", kernel=Still(NODE), state_dir=tmp_path)
    assert result.code == 1
    assert "name: eth2" in result.out
    assert result.err == "error: no interface 'bond9': did you mean 'bond0'?\n"


def test_what_cannot_be_found_is_said(tmp_path: Path) -> None:
    nothing = nncp("show", "--find", "nowhere", "-o", "table", kernel=Still(NODE), state_dir=tmp_path)
    said = "no interface has 'nowhere' in its name, addresses or MAC\n"
    assert (nothing.code, nothing.out, nothing.err) == (0, "", said)
    neither = nncp("show", "bond9", "--find", "nowhere", kernel=Still(NODE), state_dir=tmp_path)
    assert (neither.code, neither.err) == (1, "error: no interface 'bond9': did you mean 'bond0'?\n")


def test_many_ports_are_counted_unless_the_bridge_is_asked_for(tmp_path: Path) -> None:
    ports = [link(f"v{number:02}", number + 10, "veth", master="br0", peer=f"w{number:02}") for number in range(20)]
    host = Host(links={each.name: each for each in (link("br0", 2, "bridge"), *ports)})
    assert "… 12 more" in nncp("show", "-o", "table", kernel=Still(host), state_dir=tmp_path).out
    assert "… " not in nncp("show", "-o", "table", "br0", kernel=Still(host), state_dir=tmp_path).out


def test_a_state_directory_of_somebody_else_costs_the_descriptions_only(tmp_path: Path) -> None:
    (tmp_path / "committed.json").mkdir()
    result = nncp("show", "-o", "table", kernel=Still(NODE), state_dir=tmp_path)
    assert (result.code, result.out) == (0, TABLE)
    assert result.err.startswith("warning: ")
    assert result.err.endswith(": descriptions are left out\n")


def test_a_hostile_name_does_not_reach_the_terminal(tmp_path: Path) -> None:
    host = replace(NODE, links={"e\x1b[2J": link("e\x1b[2J", 2)}, addresses={}, routes=())
    for form in ("table", "tree"):
        result = nncp("show", "-o", form, kernel=Still(host), state_dir=tmp_path, terminal=True)
        assert "\x1b[2J" not in result.out
        assert "e\\x1b[2J" in result.out
