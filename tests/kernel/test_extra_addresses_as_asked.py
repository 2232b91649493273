"""`allow-extra-address` in nmstate's form, on a real kernel: whose addresses stay beside those of a policy."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from netkernel.documents import Document
from netkernel.kernel import LinuxKernel
from nncp_agent.plan import decide
from nncp_agent.verify import differences
from nncp_agent.wire import decode
from tests.kernel.asked import Asked, State

pytestmark = pytest.mark.needs_kernel("dummy", "ipv6")
OTHERS = (
    "192.0.2.50/24", "2001:db8::50/64",
    "192.0.2.60/24 valid_lft 900 preferred_lft 900", "2001:db8::60/64 valid_lft 900 preferred_lft 900",
)  # fmt: skip
"""Static ones, and such as another's client has been given for a while."""
OURS = {"192.0.2.1", "2001:db8::1"}
LENT = {"192.0.2.60", "2001:db8::60"}


def dummy(**stack: Any) -> State:
    families = {"ipv4": ("192.0.2.1", 24), "ipv6": ("2001:db8::1", 64)}
    said = {
        family: {"enabled": True, "address": [{"ip": ip, "prefix-length": prefix}], **stack}
        for family, (ip, prefix) in families.items()
    }
    return {"name": "d0", "type": "dummy", **said}


def others_come() -> None:
    for each in OTHERS:
        subprocess.run(["sh", "-euc", f"ip address add {each} dev d0 nodad"], check=True)


def shown(host: Asked, name: str = "d0") -> set[str]:
    """All but link-local ones."""
    stacks = [host.show(name)[family] for family in ("ipv4", "ipv6")]
    found = {each["ip"] for stack in stacks for each in stack.get("address", ())}
    assert name != "d0" or any(ip.startswith("fe80") for ip in found)
    return {ip for ip in found if not ip.startswith("fe80")}


@pytest.fixture
def host(netns: str, tmp_path: Path) -> Asked:
    host = Asked(tmp_path / "state")
    host.apply(dummy())
    others_come()
    return host


@pytest.mark.parametrize("said", [{}, {"allow-extra-address": True}])
def test_others_may_lend_addresses_beside_a_policys_list_and_static_ones_go(host: Asked, said: State) -> None:
    host.apply(dummy(**said))
    assert shown(host) == OURS | LENT
    assert host.plan(dummy(**said)) == []


def test_who_wants_no_others_has_none_but_the_kernels_own(host: Asked) -> None:
    strict = dummy(**{"allow-extra-address": False})
    host.apply(strict)
    assert shown(host) == OURS
    assert host.plan(strict) == []


def test_what_comes_meanwhile_is_a_difference_only_to_who_wants_no_others(host: Asked) -> None:
    with LinuxKernel() as kernel:
        for strict, odd in ((True, len(OTHERS)), (False, 0)):
            asked = {"interfaces": [dummy(**{"allow-extra-address": not strict})]}
            decision = decide(decode([Document(asked)]).desired, kernel.snapshot())
            found = differences(decision, kernel.snapshot())
            assert len([line for line in found if "wanted no other" in line]) == odd


def test_where_the_network_gives_addresses_its_own_are_no_others(host: Asked) -> None:
    asked = dummy(**{"allow-extra-address": False})
    asked["ipv6"]["autoconf"] = True
    host.apply(asked)
    assert shown(host) == OURS | {"2001:db8::60"}


def test_the_loopbacks_own_are_no_others(host: Asked) -> None:
    extra = {"allow-extra-address": False, "enabled": True}
    four, six = ({"ip": "127.0.0.9", "prefix-length": 8}, {"ip": "2001:db8::9", "prefix-length": 128})
    asked: State = {"name": "lo", "type": "loopback", "ipv4": {**extra, "address": [four]}}
    host.apply(asked | {"ipv6": {**extra, "address": [six]}})
    assert shown(host, "lo") == {"127.0.0.1", "127.0.0.9", "::1", "2001:db8::9"}
