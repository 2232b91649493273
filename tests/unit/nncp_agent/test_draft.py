"""Drafts of policies."""

from nncp_agent.draft import Wish, manifest

OFF = {"enabled": False}


def interfaces(wish: Wish) -> list[dict[str, object]]:
    found: list[dict[str, object]] = manifest(wish)["spec"]["desiredState"]["interfaces"]
    return found


def test_a_bond_under_a_bridge_that_lets_a_vlan_through() -> None:
    wish = Wish(name="bond1", ports=("eth2", "eth3"), bridge="br1", vlans=((93, 93), (100, 110)))
    assert manifest(wish) == {
        "apiVersion": "nmstate.io/v1",
        "kind": "NodeNetworkConfigurationPolicy",
        "metadata": {"name": "bond1-br1"},
        "spec": {
            "desiredState": {
                "interfaces": [
                    {
                        "name": "bond1",
                        "type": "bond",
                        "state": "up",
                        "ipv4": OFF,
                        "ipv6": OFF,
                        "link-aggregation": {
                            "mode": "active-backup",
                            "options": {"miimon": 100},
                            "port": ["eth2", "eth3"],
                        },
                    },
                    {
                        "name": "br1",
                        "type": "linux-bridge",
                        "state": "up",
                        "ipv4": OFF,
                        "ipv6": OFF,
                        "bridge": {
                            "options": {"stp": {"enabled": False}},
                            "port": [
                                {
                                    "name": "bond1",
                                    "vlan": {
                                        "mode": "trunk",
                                        "trunk-tags": [{"id": 93}, {"id-range": {"min": 100, "max": 110}}],
                                    },
                                }
                            ],
                        },
                    },
                ]
            }
        },
    }


def test_what_is_there_already_keeps_what_nobody_wished_otherwise() -> None:
    eth1, vlan = interfaces(Wish(name="eth1", mtu=9000, vlans=((5, 5),)))
    assert (eth1, vlan["mtu"]) == ({"name": "eth1", "state": "up", "mtu": 9000}, 9000)
    (eth1,) = interfaces(Wish(name="eth1", addresses=(("192.0.2.1", 24),)))
    assert "ipv6" not in eth1


def test_vlans_without_a_bridge_are_interfaces_and_carry_the_addresses() -> None:
    vlan, other = interfaces(Wish(name="bond0", vlans=((40, 41),), addresses=(("10.4.0.1", 24), ("fd00::1", 64))))
    assert (vlan["name"], other["name"]) == ("bond0.40", "bond0.41")
    assert vlan["vlan"] == {"base-iface": "bond0", "id": 40}
    assert vlan["ipv4"] == {"enabled": True, "address": [{"ip": "10.4.0.1", "prefix-length": 24}]}
    assert vlan["ipv6"] == {"enabled": True, "address": [{"ip": "fd00::1", "prefix-length": 64}]}


def test_arp_monitoring_replaces_miimon() -> None:
    (bond,) = interfaces(Wish(name="b", ports=("a",), options={"arp_interval": 100, "arp_ip_target": "192.0.2.1"}))
    aggregation = bond["link-aggregation"]
    assert isinstance(aggregation, dict)
    assert "miimon" not in aggregation["options"]


def test_an_interface_that_is_there_is_not_given_a_type() -> None:
    assert interfaces(Wish(name="eth1", mtu=9000)) == [{"name": "eth1", "state": "up", "mtu": 9000}]


def test_a_policy_gets_a_name_kubernetes_takes_and_its_nodes() -> None:
    drafted = manifest(Wish(name="Bond_1", mtu=9000, node_selector={"node-role.kubernetes.io/worker": ""}))
    assert drafted["metadata"]["name"] == "bond-1"
    assert drafted["spec"]["nodeSelector"] == {"node-role.kubernetes.io/worker": ""}
