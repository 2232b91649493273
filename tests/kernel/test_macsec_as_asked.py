"""MACsec links asked for in nmstate's form, on a real kernel: made, changed in place, made again, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent import api
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "ipv6", "macsec")
STATIC: State = {"ipv4": {"enabled": True, "address": [{"ip": "192.0.2.251", "prefix-length": 24}]}}
CAK, CKN = "50b71a8ef0bd5751ea76de6d6c98c03a", "f2b4297d39da7330910a74abc0449feb45b5c0b9fc23df1430e1898fcf1c4550"
HIDDEN = "<_password_hid_by_nmstate>"


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", "eth2", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply({"name": "eth1", "state": "up"}, {"name": "eth2", "state": "up"})
    return host


def macsec(name: str, base: str, **config: Any) -> State:
    section = {"base-iface": base, **{key.replace("_", "-"): value for key, value in config.items()}}
    return {"name": name, "type": "macsec", "state": "up", "macsec": section}


@pytest.mark.parametrize("validation", ["disabled", "check", "strict"])
@pytest.mark.parametrize("port", [0, 1, 65535])
@pytest.mark.parametrize("encrypt", [True, False])
def test_a_macsec_link_is_made_as_asked(host: Asked, validation: str, port: int, encrypt: bool) -> None:
    wanted = macsec("ms1", "eth1", encrypt=encrypt, validation=validation, port=port, send_sci=True, offload="off")
    host.becomes(wanted | STATIC)
    host.remove("ms1")


def test_all_but_base_and_port_change_in_place(host: Asked) -> None:
    host.becomes(macsec("ms1", "eth1", encrypt=True))
    changed = macsec("ms1", "eth1", encrypt=False, validation="check", send_sci=False) | {"mtu": 1400}
    assert all(line.startswith("set ms1 ") for line in host.plan(changed))
    host.becomes(changed)
    host.becomes(changed | {"mac-address": "02:00:00:00:00:42"})


def test_another_port_or_base_makes_the_link_again_with_its_addresses(host: Asked) -> None:
    host.becomes(macsec("ms1", "eth1", encrypt=True, port=1) | STATIC)
    host.becomes(macsec("ms1", "eth1", encrypt=True, port=2))
    host.holds({"name": "ms1", **STATIC})
    host.becomes(macsec("ms1", "eth2", encrypt=True))
    assert host.show("ms1")["mac-address"] == host.show("eth2")["mac-address"]
    host.holds({"name": "ms1", **STATIC})


def test_several_stand_on_one_base_and_go_with_it(host: Asked) -> None:
    bond: State = {"name": "bond9", "type": "bond", "state": "up", "link-aggregation": {"mode": "balance-rr"}}
    host.becomes(macsec("ms2", "bond9", encrypt=True, port=2), macsec("ms1", "bond9", encrypt=True), bond)
    host.remove("bond9")
    assert [host.show(name) for name in ("ms1", "ms2")] == [{}, {}]


def test_it_stands_in_the_middle_of_a_stack_in_any_order(host: Asked) -> None:
    stack: list[State] = [
        {"name": "br9", "type": "linux-bridge", "bridge": {"port": [{"name": "ms1.7"}]}},
        {"name": "ms1.7", "type": "vlan", "vlan": {"base-iface": "ms1", "id": 7}},
        macsec("ms1", "bond9.5", encrypt=True),
        {"name": "bond9.5", "type": "vlan", "vlan": {"base-iface": "bond9", "id": 5}},
        {"name": "bond9", "type": "bond", "mtu": 1450, "link-aggregation": {"mode": "balance-rr", "port": ["eth1"]}},
    ]
    host.becomes(*stack)
    assert [host.show(name)["mtu"] for name in ("bond9.5", "ms1", "ms1.7")] == [1450, 1418, 1414]
    host.becomes(*({**each, "mtu": 1400 - 50 * place} for place, each in enumerate(reversed(stack))))
    host.remove("bond9", "br9")


def test_what_is_taken_back_is_exactly_as_it_was(host: Asked) -> None:
    host.apply(macsec("ms1", "eth1", encrypt=True, port=7) | {"mac-address": "02:00:00:00:00:42"} | STATIC)
    host.apply({"name": "ms1", "mac-address": "02:00:00:00:00:43"})  # the channel keeps the name of the first one
    with LinuxKernel() as kernel:
        before = kernel.snapshot()
        host.apply(macsec("ms1", "eth2", encrypt=False, port=8), commit=False)
        host.rollback()
        after = kernel.snapshot()
    assert after == before
    assert after.links["ms1"].attrs["sci"] == "02:00:00:00:00:42:00:07"
    assert after.links["ms1"].index == before.links["ms1"].index


def test_keys_are_kept_hidden_and_meant_by_what_hides_them(host: Asked) -> None:
    outcome = host.apply(macsec("ms1", "eth1", encrypt=True, mka_cak=CAK, mka_ckn=CKN))
    assert any("wpa_supplicant" in str(warning) for warning in outcome.warnings)
    shown = host.show("ms1")
    assert (shown["macsec"]["mka-cak"], shown["macsec"]["mka-ckn"]) == (HIDDEN, HIDDEN)
    assert host.plan(shown) == []
    host.apply(shown)
    (told,) = (
        each for each in api.show(include_secrets=True, state_dir=host.state_dir)["interfaces"] if each["name"] == "ms1"
    )
    assert (told["macsec"]["mka-cak"], told["macsec"]["mka-ckn"]) == (CAK, CKN)
    assert CAK not in repr(api.history(state_dir=host.state_dir))
