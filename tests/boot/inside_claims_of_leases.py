"""Run on a booted machine: a lease of NetworkManager's or networkd's goes on in our hands, or stays as it is asked."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.boot.beside import held, nothing_lost, run, until

LEASES = Path("/run/leases")
_FAR = """\
ip netns add far
for n in 1 2; do
    ip link set far$n netns far
    ip -n far address add 10.$n.0.1/24 dev far$n
    ip -n far link set far$n up
done
ip netns exec far dnsmasq -C /dev/null -p 0 -u root -g root -l /run/leases -x /run/far.pid \
    --dhcp-range=10.1.0.100,10.1.0.110,1h --dhcp-range=10.2.0.100,10.2.0.110,1h --dhcp-option=option:dns-server,10.9.9.9
"""
NETWORKD = "[Match]\nName=eth2\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
CALICO = "/etc/NetworkManager/conf.d/calico.conf"
NM = "[keyfile]\nunmanaged-devices=interface-name:eth2;interface-name:eth3\n"
HOLDERS = {"eth1": "NetworkManager", "eth2": "systemd-networkd"}
SERVERS: dict[str, Any] = {"dns-resolver": {"config": {}}}
"""NetworkManager writes resolv.conf, so that a lease's name servers are kept only where it does not."""


@pytest.fixture(scope="module", autouse=True)
def managers() -> None:
    subprocess.run(["sh", "-ec", _FAR], check=True)
    for path, text in {"/etc/systemd/network/e.network": NETWORKD, CALICO: NM}.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    run("systemctl", "start", "NetworkManager", "systemd-networkd")
    run(
        *("nmcli", "connection", "add", "type", "ethernet", "ifname", "eth1", "con-name", "up"),
        "ipv6.method",
        "disabled",
    )
    run("nmcli", "connection", "up", "up")
    until(lambda: all(leased(name) for name in HOLDERS), "leases")


def leased(name: str) -> dict[str, Any]:
    """The address with a lifetime; nothing where there is none."""
    (link,) = json.loads(run("ip", "-j", "-4", "address", "show", "dev", name)) or ({"addr_info": ()},)
    return next((each for each in link.get("addr_info", ()) if each.get("dynamic")), {})


def routes(name: str) -> set[tuple[Any, ...]]:
    found = json.loads(run("ip", "-j", "-4", "route", "show", "dev", name))
    return {(each["dst"], each.get("gateway"), each.get("metric")) for each in found if each["dst"] == "default"}


def known_as() -> dict[str, str]:
    """What the server knows: the identifiers of those who have its addresses."""
    return {line.split()[2]: line.split()[4] for line in LEASES.read_text().splitlines()}


def ask(directory: Path, policy: dict[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
    (directory / "policy.yaml").write_text(json.dumps(policy))
    command = ["nncp", *words, "--claim", str(directory / "policy.yaml")]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("name", HOLDERS)
def test_a_lease_goes_on_under_the_same_name_and_comes_back(name: str, tmp_path: Path) -> None:
    address, ways, known = leased(name)["local"], routes(name), known_as()
    policy = {"interfaces": [{"name": name, "state": "up"}], **SERVERS}
    planned = ask(tmp_path, policy, "plan")
    assert f"start DHCPv4 on {name} " in planned.stdout, planned.stderr
    with nothing_lost(tmp_path, {name: address}):
        done = ask(tmp_path, policy, "apply", "--no-check", "--no-commit")
        assert done.returncode == 0, done.stderr
        assert name not in held()
        until(lambda: leased(name).get("valid_life_time", 0) > 3590, "the lease is ours")
        until(lambda: "nameserver 10.9.9.9" in Path("/etc/resolv.conf").read_text(), "its name server")
        assert (leased(name)["local"], routes(name), known_as()) == (address, ways, known)
    assert ask(tmp_path, policy, "plan").stdout == ""
    assert "the host is as it was" in subprocess.run(["nncp", "rollback"], capture_output=True, text=True).stderr
    until(lambda: held().get(name, "").startswith(HOLDERS[name]) and bool(leased(name)), "its manager has it again")
    assert (leased(name)["local"], routes(name), known_as()) == (address, ways, known)


@pytest.mark.parametrize("name", HOLDERS)
def test_a_lease_becomes_a_static_address_where_dhcp_is_turned_off(name: str, tmp_path: Path) -> None:
    address = leased(name)["local"]
    policy = {"interfaces": [{"name": name, "ipv4": {"enabled": True, "dhcp": False}}], **SERVERS}
    with nothing_lost(tmp_path, {name: address}):
        done = ask(tmp_path, policy, "apply", "--no-check", "--no-commit")
        assert done.returncode == 0, done.stderr
        assert leased(name) == {}
    assert f"inet {address}/24" in run("ip", "address", "show", "dev", name)
    assert "the host is as it was" in subprocess.run(["nncp", "rollback"], capture_output=True, text=True).stderr
    until(lambda: held().get(name, "").startswith(HOLDERS[name]) and bool(leased(name)), "its manager has it again")


def test_name_servers_that_would_be_lost_are_refused(tmp_path: Path) -> None:
    refused = ask(tmp_path, {"interfaces": [{"name": "eth1", "state": "up"}]}, "plan")
    assert refused.returncode == 3
    assert "eth1: cannot be claimed: NetworkManager has name servers for it (10.9.9.9)" in refused.stderr
