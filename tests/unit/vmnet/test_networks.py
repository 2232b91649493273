"""What a VM's pod asks Multus for."""

from __future__ import annotations

import io
import json
from typing import Any

from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, read, vmi
from vmnet import cli, networks
from vmnet.networks import DEFAULT, NETWORKS

MAC = "02:00:00:00:00:01"
ELSEWHERE = {"name": "nic-0", "multus": {"networkName": "racks/vlan-93"}}
FIRST = {"name": "nic-0", "multus": {"networkName": "racks/vlan-93", "default": True}}


def selected(*interfaces: dict[str, Any], of: Any = (POD, LAN), **more: Any) -> list[dict[str, str]]:
    return networks.selections(read({**vmi(interfaces, of), **more}))


def test_a_network_is_asked_for_with_the_name_of_its_link_and_the_guests_mac() -> None:
    assert selected({**MASQUERADED}, {**BRIDGED, "macAddress": MAC.upper()}) == [
        {"name": "br1-public", "namespace": "shop", "mac": MAC, "interface": "pod0e6b58809dd"}
    ]
    assert selected({**BRIDGED}, of=[ELSEWHERE]) == [
        {"name": "vlan-93", "namespace": "racks", "interface": "pod0e6b58809dd"}
    ]


def test_a_guest_that_had_a_mac_before_is_to_pass_with_it() -> None:
    status = {"interfaces": [{"name": "nic-0", "mac": MAC}]}
    assert selected({**BRIDGED}, of=[LAN], status=status)[0]["mac"] == MAC


def test_a_nic_that_is_absent_asks_for_nothing() -> None:
    vm = read(vmi([MASQUERADED, {**BRIDGED, "state": "absent"}]))
    assert (networks.selections(vm), networks.of_pod(vm)) == ([], {})


def test_the_network_that_takes_the_place_of_the_pods_own_has_an_annotation_of_its_own() -> None:
    def of(nic: dict[str, Any]) -> dict[str, str]:
        return dict(networks.of_pod(read(vmi([nic], [FIRST]))))

    assert of({**BRIDGED}) == {DEFAULT: "racks/vlan-93"}
    with_mac = of({**BRIDGED, "macAddress": MAC})
    assert json.loads(with_mac[DEFAULT]) == [{"name": "vlan-93", "namespace": "racks", "mac": MAC}]


def test_both_forms_are_printed() -> None:
    text = json.dumps(vmi([MASQUERADED, {**BRIDGED, "macAddress": MAC}]))

    def printed(*words: str) -> Any:
        out = io.StringIO()
        assert cli.main(["networks", "-", *words], out, io.StringIO(), io.StringIO(text)) == 0
        return json.loads(out.getvalue())

    assert json.loads(printed("-o", "annotations")[NETWORKS]) == printed()
