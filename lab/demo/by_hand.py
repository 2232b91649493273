"""The first part: one host, its policies in files, somebody at the keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lab.demo.node import GATEWAY, Dump, addresses, dump, is_free, link, only, reaches, settled
from lab.demo.story import Story

EXAMPLES: Final = Path(__file__).resolve().parent.parent.parent / "deploy" / "examples"
BOTH: Final = ("worker-bond1.yaml", "worker-bond1-br1.yaml")

TYPOS: Final = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: typos}
spec:
  desiredState:
    interfaces:
      - name: bond2
        type: bond
        state: up
        link-aggregation:
          mode: active-backup
          options: {miimom: 100, lacp_rate: fast}
          port: [eth2, eth9]
      - name: bond2.4095
        type: vlan
        vlan: {base-iface: bond2, id: 4095}
"""

CUTS_THE_NODE_OFF: Final = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: wrong-subnet}
spec:
  checks:
    gateway: {timeoutSeconds: 3}
  desiredState:
    interfaces:
      - name: bond0
        type: bond
        state: up
        ipv4:
          enabled: true
          address:
            - {ip: 192.0.2.110, prefix-length: 32}
"""

RENUMBER: Final = """\
interfaces:
  - name: br1
    type: linux-bridge
    state: up
    ipv4:
      enabled: true
      address:
        - {ip: 203.0.113.10, prefix-length: 24}
"""


def tell(story: Story) -> None:
    for example in BOTH:
        (story.directory / example).write_text((EXAMPLES / example).read_text())
    pristine = dump()
    _plan(story, pristine)
    _apply(story, pristine)
    made = _nothing_to_do(story)
    _refuse(story, made)
    _go_back(story, made)
    _clear_away(story, pristine)


def _plan(story: Story, pristine: Dump) -> None:
    story.chapter("1. The node: bond0 carries the default route; eth2 and eth3 are free.")
    story.nncp("show", "-o", "table")

    story.chapter(
        "2. Two manifests as they stand in a cluster: a bond with `slaves`, a bridge over it. What would be done?"
    )
    story.nncp("plan", *BOTH)
    story.unchanged("planning touched nothing", pristine)


def _apply(story: Story, pristine: Dump) -> None:
    story.chapter("3. Apply both: one transaction, verified against the kernel before it is kept.")
    story.nncp("apply", *BOTH)
    bond, bridge = link("bond1"), link("br1")
    data = bond["linkinfo"]["info_data"]
    story.promise(
        "bond1 is a balance-alb bond, miimon 100, MTU 1450",
        (data["mode"], data["miimon"], bond["mtu"]) == ("balance-alb", 100, 1450),
    )
    story.promise("eth2 and eth3 are its ports", {link("eth2").get("master"), link("eth3").get("master")} == {"bond1"})
    story.promise(
        "br1 is a bridge without STP, bond1 its port",
        bridge["linkinfo"]["info_data"]["stp_state"] == 0 and bond["master"] == "br1",
    )
    story.promise(
        "bond0, eth0, eth1, addresses and routes are untouched",
        only(dump(), "bond0", "eth0", "eth1") == only(pristine, "bond0", "eth0", "eth1"),
    )
    story.promise("the gateway answers", reaches(GATEWAY))
    story.nncp("show", "bond1", "br1")
    story.nncp("show", "-o", "tree")


def _nothing_to_do(story: Story) -> Dump:
    story.chapter("4. The same again: nothing to do, and `show` is a policy that changes nothing.")
    story.promise("a second plan is empty", story.nncp("plan", *BOTH) == "")
    made = dump()
    story.promise(
        "`nncp show | nncp plan -` is empty", story.nncp("plan", "-", given=story.nncp("show", quiet=True)) == ""
    )
    return made


def _refuse(story: Story, made: Dump) -> None:
    story.chapter("5. A bad policy is refused before anything is touched, all of its problems at once.")
    story.file("typos.yaml", TYPOS)
    story.nncp("apply", "typos.yaml", status=3)
    story.unchanged("nothing was touched", made)


def _go_back(story: Story, made: Dump) -> None:
    story.chapter(
        "6. A policy that cuts the node off is rolled back: the gateway answered before and must answer after."
    )
    story.file("wrong-subnet.yaml", CUTS_THE_NODE_OFF)
    story.nncp("apply", "--check-timeout", "2", "wrong-subnet.yaml", status=1)
    story.unchanged("the host is exactly as it was", made, 10.0)
    story.promise("the gateway answers", reaches(GATEWAY))

    story.chapter("7. A change on trial: nobody commits it, so the host goes back by itself.")
    story.file("renumber.yaml", RENUMBER)
    story.nncp("apply", "--no-commit", "--timeout", "3", "renumber.yaml")
    story.promise("br1 has the address on trial", "203.0.113.10" in addresses("br1"))
    story.unchanged("after the deadline the host is exactly as it was", made, 10.0)


def _clear_away(story: Story, pristine: Dump) -> None:
    story.chapter("8. What happened, and back to where we began.")
    story.nncp("history")
    (story.directory / "gone.yaml").write_text(
        "interfaces:\n- {name: br1, type: linux-bridge, state: absent}\n- {name: bond1, type: bond, state: absent}\n"
    )
    story.nncp("apply", "gone.yaml")
    story.promise(
        "bond1 and br1 are gone, eth2 and eth3 have their own MACs and MTU back", settled(lambda: is_free(pristine))
    )
