"""`lldp: {enabled: true}` from the policy to the neighbours that `show` prints, and back."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from netkernel.kernel import LinuxKernel
from netkernel.packets import lldp
from nncp_agent import api
from nncp_agent.errors import Unreachable
from nncp_agent.keeping import NEIGHBOURS
from nncp_agent.keeping.door import Door
from nncp_agent.restore import restore
from nncp_agent.store import Store
from tests import processes
from tests.kernel.asked import Asked
from tests.lldp.segment import Switch, frame, names

pytestmark = pytest.mark.needs_kernel("bonding", "bridge", "veth", "vlan")
DEADLINE_S = 40.0
LISTENS = {"enabled": True}


def nic(name: str = "eth1", **keys: Any) -> dict[str, Any]:
    return {"name": name, "type": "ethernet", "state": "up", **keys}


def becomes(
    switch: Switch, asked: Asked, holds: Callable[[list[str]], bool], *said: bytes, name: str = "eth1"
) -> list[str]:
    """The names of the neighbours, once they are as wanted. Until then the switch says it again, as switches do: what
    comes before the listener has seen a new link or carrier belongs to the old one, and a crowd is not heard out."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds(found := names(asked.show(name).get("lldp", {}))):
        assert time.monotonic() < deadline, found
        switch.send(*said, nic=name)
    return found


def test_where_it_is_enabled_neighbours_are_shown_as_nmstate_words_them(switch: Switch, asked: Asked) -> None:
    asked.becomes(nic(lldp=LISTENS))
    assert asked.show("eth1")["lldp"] == {"enabled": True}
    becomes(switch, asked, bool, frame(more=bytes.fromhex("fe0a 0080c2 03 01e8 03") + b"v48"))
    assert asked.show("eth1")["lldp"] == {
        "enabled": True,
        "neighbors": [
            [
                {"type": 1, "chassis-id": "00:01:30:F9:AD:A0", "chassis-id-type": 4, "_description": "MAC address"},
                {"type": 2, "port-id": "switch1", "port-id-type": 5, "_description": "Interface name"},
                {"type": 5, "system-name": "switch1"},
                {"type": 127, "ieee-802-1-vlans": [{"name": "v48", "vid": 488}], "oui": "00:80:c2", "subtype": 3},
            ]
        ],
    }
    assert asked.plan(asked.show("eth1")) == []
    running = api.show(state_dir=asked.state_dir, running_config=True)
    assert [each["lldp"] for each in running["interfaces"] if each["name"] == "eth1"] == [{"enabled": True}]
    assert "lldp" not in asked.show("eth2")
    assert "lldp" not in asked.show("lo")


def test_the_three_groups_are_heard_and_nothing_else(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS, mtu=9000))
    switch.takes("eth1", mtu=9000)
    said = [
        frame("unicast", to="02:00:00:00:00:01"),
        frame("broadcast", to="ff:ff:ff:ff:ff:ff"),
        frame("stranger", to="01:80:c2:00:00:02"),
        frame("tagged", vlan=7),
        frame("jumbo", more=b"".join(bytes.fromhex("0dff") + bytes(511) for _ in range(3))),
        *(frame(to, to=to) for to in lldp.GROUPS),
    ]
    assert sorted(becomes(switch, asked, lambda found: len(found) >= 3, *said)) == sorted(lldp.GROUPS)


def test_a_neighbour_goes_when_it_says_so_and_when_its_time_is_over(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS))
    switch.send(frame("expires", ttl_s=2))
    becomes(switch, asked, lambda found: {"stays", "leaves"} <= set(found), frame("stays"), frame("leaves"))
    becomes(switch, asked, lambda found: found == ["stays"], frame("leaves", ttl_s=0))


def test_a_wire_that_is_pulled_takes_its_neighbours_along(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS))
    becomes(switch, asked, bool, frame())
    switch.plug("eth1", False)
    becomes(switch, asked, lambda found: not found)
    switch.plug("eth1", True)
    assert becomes(switch, asked, bool, frame("another")) == ["another"]


def test_a_link_that_is_made_anew_is_listened_to_again(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS))
    switch.replace("eth1")
    assert becomes(switch, asked, bool, frame())


def test_ports_of_a_bond_and_of_a_bridge_have_neighbours(switch: Switch, asked: Asked) -> None:
    section = {"mode": "active-backup", "port": ["eth1"]}
    bond = {"name": "bond1", "type": "bond", "state": "up", "link-aggregation": section}
    bridge = {"name": "br1", "type": "linux-bridge", "state": "up", "bridge": {"port": [{"name": "eth2"}]}}
    asked.becomes(bond, bridge, nic("eth1", lldp=LISTENS), nic("eth2", lldp=LISTENS))
    for name in ("eth1", "eth2"):
        assert becomes(switch, asked, bool, frame(), name=name) == ["switch1"]


def test_turned_off_nobody_listens_and_the_process_ends(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS), nic("eth2", lldp=LISTENS))
    assert asked.plan(nic(lldp={"enabled": False})) == ["stop LLDP on eth1"]
    asked.apply(nic(lldp={"enabled": False}))
    assert asked.plan(nic(lldp={"enabled": False})) == []
    assert ("lldp" in asked.show("eth1"), "lldp" in asked.show("eth2")) == (False, True)
    process = processes.of(asked.state_dir, NEIGHBOURS)
    assert process is not None
    asked.becomes({"name": "eth2", "type": "ethernet", "state": "down"})
    assert processes.ends(process)


def test_what_goes_down_stops_listening_and_listens_again_when_it_comes_up(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS))
    asked.apply({"name": "eth1", "type": "ethernet", "state": "down"})
    assert "lldp" not in asked.show("eth1")
    asked.apply({"name": "eth1", "type": "ethernet", "state": "up"})
    assert asked.show("eth1")["lldp"] == {"enabled": True}


def test_what_was_not_committed_is_taken_back(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS), commit=False)
    assert "lldp" in asked.show("eth1")
    asked.rollback()
    assert "lldp" not in asked.show("eth1")
    asked.apply(nic(lldp=LISTENS))
    asked.apply(nic(lldp={"enabled": False}), commit=False)
    asked.rollback()
    assert asked.show("eth1")["lldp"] == {"enabled": True}


def test_an_apply_that_fails_later_leaves_nobody_listening(switch: Switch, asked: Asked) -> None:
    class Never:
        def describe(self) -> str:
            return "a check that fails after the change"

        def try_once(self, timeout_s: float) -> bool:
            return "lldp" not in asked.show("eth1")

    with pytest.raises(Unreachable, match="a check that fails after the change"):
        api.apply({"interfaces": [nic(lldp=LISTENS)]}, checks=[Never()], state_dir=asked.state_dir)
    assert "lldp" not in asked.show("eth1")


def test_a_listener_that_was_killed_is_missed_and_comes_back_with_the_next_apply(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS), nic("eth2", lldp=LISTENS))
    processes.end(asked.state_dir, NEIGHBOURS, signal.SIGKILL)
    assert "lldp" not in asked.show("eth1")
    assert asked.plan(nic(lldp=LISTENS)) == ["start LLDP on eth1"]
    asked.apply(nic(lldp=LISTENS))
    for name in ("eth1", "eth2"):
        assert becomes(switch, asked, bool, frame(), name=name) == ["switch1"]


def test_after_a_restart_of_the_machine_somebody_listens_again(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS))
    processes.end(asked.state_dir, NEIGHBOURS)
    with LinuxKernel(keepers=Door(asked.state_dir)) as fresh:
        restored = restore(Store(asked.state_dir), fresh)
    assert "start LLDP on eth1" in [str(op) for outcome in restored.outcomes for op in outcome.ops]
    assert asked.show("eth1")["lldp"] == {"enabled": True}


def test_autoconf_makes_the_vlan_that_two_nics_hear_of_and_leaves_nobody_listening(
    switch: Switch, asked: Asked
) -> None:
    says = frame(more=bytes.fromhex("fe0e 0080c2 03 005d 07") + b"storage")
    command = [sys.executable, "-m", "nncp_agent.cli", "--state-dir", str(asked.state_dir), "autoconf", "--wait", "40"]
    asked.apply(nic("eth1"), nic("eth2"))
    with subprocess.Popen(
        [*command, "eth1,eth2"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr
        assert running.stderr.readline() == "listening on eth1, eth2 for at most 40 s\n"
        deadline = time.monotonic() + DEADLINE_S
        while not asked.show("storage") and time.monotonic() < deadline:  # who has been heard is done at once
            for name in ("eth1", "eth2"):
                switch.send(says, nic=name)
        out, err = running.communicate(timeout=2 * DEADLINE_S)
    assert (running.returncode, "lldp" in asked.show("eth1")) == (0, False), err
    assert asked.show("storage")["vlan"]["base-iface"] == "bond93", out
    assert sorted(asked.show("bond93")["link-aggregation"]["port"]) == ["eth1", "eth2"]


def test_a_flood_of_made_up_neighbours_and_of_nonsense_drives_away_nobody(switch: Switch, asked: Asked) -> None:
    asked.apply(nic(lldp=LISTENS), nic("eth2", lldp=LISTENS))
    becomes(switch, asked, bool, frame())
    nonsense = [frame()[:14] + bytes([byte]) * 60 for byte in range(256)]
    made_up = frame("made-up-0000")
    switch.send(*(made_up.replace(b"0000", b"%04d" % number) for number in range(2000)), *nonsense)
    assert becomes(switch, asked, bool, frame("quiet"), name="eth2") == ["quiet"]
    found = becomes(switch, asked, lambda found: len(found) > 1)
    assert "switch1" in found
    assert len(found) <= 64
