"""Run at the boot after a claim was committed, its manager enabled: our links are as they were then, and nobody's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from netkernel.managers import network_manager, networkd
from tests.boot.beside import ADDRESSES, OURS, as_remembered, held, looks, neighbour, run, until


def is_as_claimed() -> None:
    """The links are there, in nobody's hands, and the neighbour answers."""
    assert as_remembered(), looks()
    assert held() == {}
    assert subprocess.run(["sh", "-c", "nncp show | nncp plan -"], capture_output=True, text=True).stdout == ""


def stays_so(manager: str, *reload: str) -> None:
    """Also when the manager begins anew, and reads its files once more."""
    is_as_claimed()
    indexes = {name: index for name, (index, _) in looks().items()}
    run("systemctl", "restart", manager)
    until(lambda: left_alone(manager) == set(OURS), f"{manager} has found the links again")
    until(lambda: subprocess.run(reload).returncode == 0, f"{manager} has read its files")
    until(lambda: left_alone(manager) == set(OURS), f"{manager} knows the links")
    is_as_claimed()
    assert {name: index for name, (index, _) in looks().items()} == indexes
    neighbour()
    for address in ADDRESSES.values():
        far = address.partition("/")[0].removesuffix("10") + "1"
        until(lambda far=far: subprocess.run(["ping", "-c1", "-W1", far]).returncode == 0, far)  # type: ignore[misc]


def left_alone(manager: str) -> set[str]:
    """Those of our links that the manager has found and does not manage, as it says; none while it says nothing."""
    if manager == "NetworkManager":
        lines = [line.split(":") for line in said("nmcli", "-t", "-f", "device,state", "device").splitlines()]
        return {name for name, state in lines if name in OURS and state == "unmanaged"}
    words = [line.split() for line in said("networkctl", "list", "--no-legend").splitlines()]
    return {word[1] for word in words if word[1] in OURS and word[-1] == "unmanaged"}


def said(*words: str) -> str:
    """What a tool says, which may fail while its manager begins."""
    return subprocess.run(words, capture_output=True, text=True).stdout


def test_network_manager_has_found_them_and_leaves_them_alone() -> None:
    until(lambda: left_alone("NetworkManager") == set(OURS), "NetworkManager has found the links")
    stays_so("NetworkManager", "nmcli", "connection", "reload")
    profiles = [path.read_text() for path in Path(network_manager.PROFILES).iterdir()]
    assert len(profiles) == len(OURS) and all("\nautoconnect=false\n" in text for text in profiles)


def test_networkd_has_found_them_and_leaves_them_alone() -> None:
    until(lambda: left_alone("systemd-networkd") == set(OURS), "networkd has found the links")
    stays_so("systemd-networkd", "networkctl", "reload")
    assert Path(networkd.drop_in("bond0.netdev")).exists()


def test_ifupdown_leaves_them_alone() -> None:
    until(lambda: run("systemctl", "is-active", "networking").strip() == "active", "what is to be up is up")
    is_as_claimed()
    run("ifup", "-a")
    run("systemctl", "restart", "networking")
    is_as_claimed()
    assert Path("/etc/network/interfaces.d/lab").read_text().startswith("# nncp: auto bond0 br0\niface bond0 ")
