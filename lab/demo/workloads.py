"""The third part: a pod on VLAN 93, a virtual machine with two NICs, and a cable that somebody pulls out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab import virtual
from lab.console import Console
from lab.demo.node import RACK, ip, link, settled
from lab.demo.story import Story

FILES: Final = Path(__file__).resolve().parents[2] / "tests" / "manifests" / "definitions"
POD, VM = "web", "demo-vm"
INSIDE_93: Final = "10.93.0.1"
"""Who answers on VLAN 93."""
POD_NETWORK: Final = "10.244.0.1"
"""The node on the cluster's own network of pods, which some other plugin makes."""
GUEST: Final = """\
for each in eth0 eth1; do udhcpc -i $each -n -q -s /lease -T 1 -t 60; done
ping -c 1 -W 20 10.0.2.1 >/dev/null && echo "GATEWAY of the masquerade answers"
ping -c 1 -W 20 192.0.2.1 >/dev/null && echo "RACK answers through br1 and bond1"
"""


def tell(story: Story) -> None:
    for name in ("nad-vlan-93.yaml", "nad-br1-public.yaml", "vm-demo.yaml"):
        shutil.copy(FILES / name, story.directory / name)
    _pod(story)
    _vm(story)


def _pod(story: Story) -> None:
    story.chapter("12. A pod on VLAN 93: the definition as it stands in a cluster, the plugins as Multus calls them.")
    story.look("nad-vlan-93.yaml")
    for line in (
        "link add link tor name tor93 type vlan id 93",
        f"address add {INSIDE_93}/24 dev tor93",
        "link set tor93 up",
    ):
        ip(f"-n {RACK} {line}")
    story.nncp("attach", "vlan-93", "-f", "nad-vlan-93.yaml", "--new", POD)
    story.aside(f"ip -n {POD} address add 10.93.0.5/24 dev net1")
    ip(f"-n {POD} address add 10.93.0.5/24 dev net1")
    story.becomes("the pod reaches VLAN 93 beyond the bond, tagged on the wire", lambda: _pings(POD, INSIDE_93))
    story.nncp("pods")
    story.nncp("detach", "--netns", POD)


def _vm(story: Story) -> None:
    story.chapter("13. A virtual machine with a NIC behind masquerade and one on br1: from its wires to its leases.")
    story.look("vm-demo.yaml")
    with _pod_of_the_vm(), _dhcp_server(), virtual.command(GUEST + virtual.LISTEN) as words:
        networks = story.run(["vmnet", "networks", "vm-demo.yaml"], "vmnet networks vm-demo.yaml").strip()
        story.run(
            ["nncp", "attach", networks, "-f", "nad-br1-public.yaml", "--netns", VM],
            'nncp attach "$(vmnet networks vm-demo.yaml)" -f nad-br1-public.yaml --netns demo-vm',
        )
        with _running(story, words) as guest:
            guest.until("LISTENING", virtual.LIMIT_S)
            said = [line for line in guest.said.splitlines() if line.split(" ")[0] in ("LEASE", "GATEWAY", "RACK")]
            story.say("\n".join(said))
            leases = [line for line in said if line.startswith("LEASE")]
            story.promise("the guest has the lease of masquerade", any(" eth0 10.0.2.2/24 " in each for each in leases))
            story.promise(
                "the guest has a lease of the rack's own server", any(" eth1 192.0.2." in each for each in leases)
            )
            story.promise("it reaches both", {"GATEWAY", "RACK"} <= {each.split(" ")[0] for each in said})
            _cable(story)


@contextmanager
def _running(story: Story, words: Sequence[str]) -> Iterator[Console]:
    """The VM, until the end of the block."""
    story.aside("vmnet run vm-demo.yaml --netns demo-vm -- qemu-system-x86_64 … &")
    with subprocess.Popen(
        ["vmnet", "run", "vm-demo.yaml", "--netns", VM, "--state-dir", "vmnet", "--", *words],
        cwd=story.directory,
        env=story.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield Console(process)
        finally:
            process.terminate()


def _cable(story: Story) -> None:
    story.chapter("14. Somebody pulls out the cables of bond1. What does the VM's owner see?")
    status = ["vmnet", "status", "vm-demo.yaml", "--netns", VM, "--state-dir", "vmnet"]
    story.run(status, "vmnet status vm-demo.yaml --netns demo-vm")
    for port in ("port2", "port3"):
        ip(f"-n {RACK} link set {port} down")
    doctor = ["vmnet", "doctor", "vm-demo.yaml", "--netns", VM, "--state-dir", "vmnet"]
    said = story.run(doctor, "vmnet doctor vm-demo.yaml --netns demo-vm", status=1)
    story.promise(
        "the doctor names the bond and the ports without carrier, and nothing else", said.count("BROKEN") == 1
    )
    story.promise("iproute2 agrees", "NO-CARRIER" in link("bond1")["flags"])
    for port in ("port2", "port3"):
        ip(f"-n {RACK} link set {port} up")


@contextmanager
def _pod_of_the_vm() -> Iterator[None]:
    """Its namespace, with the NIC that the cluster's own network gives every pod."""
    ip(f"netns add {VM}")
    try:
        for name in ("ip_forward", "conf.default.forwarding"):
            subprocess.run(["sysctl", "-qw", f"net.ipv4.{name}=1"], check=True)
        ip(f"link add pod-vm type veth peer name eth0 netns {VM}")
        ip(f"address add {POD_NETWORK}/24 dev pod-vm")
        ip("link set pod-vm up")
        for line in (
            "link set lo up",
            "address add 10.244.0.7/24 dev eth0",
            "link set eth0 up",
            f"route add default via {POD_NETWORK}",
        ):
            ip(f"-n {VM} {line}")
        yield
    finally:
        subprocess.run(["ip", "netns", "delete", VM], check=False)


@contextmanager
def _dhcp_server() -> Iterator[None]:
    """The rack's, which knows nothing of virtual machines."""
    command = [
        *(
            "ip",
            "netns",
            "exec",
            RACK,
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--user=root",
            "--port=0",
        ),
        *(
            "--interface=tor",
            "--bind-interfaces",
            "--no-ping",
            "--pid-file",
            "--no-resolv",
            "--dhcp-leasefile=/dev/null",
        ),
        "--dhcp-range=192.0.2.100,192.0.2.150,1h",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            yield
        finally:
            server.terminate()


def _pings(namespace: str, address: str) -> bool:
    command = ["ip", "netns", "exec", namespace, "ping", "-c1", "-W1", address]
    return settled(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0)
