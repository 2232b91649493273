"""Runs `nncp` in this process with a world of its own: streams, environment, kernel, state directory."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.records import Address, Attrs, Hop, Link, Route
from nncp_agent.cli import main
from nncp_agent.cli.world import World


class Result(Frozen):
    """What a command left."""

    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """A stream somebody looks at."""

    encoding = "utf-8"  # type: ignore[assignment]  # StringIO says None

    def isatty(self) -> bool:
        return True


def nothing_refused(kind: str, attrs: Attrs) -> Mapping[str, str]:
    return {}


class Still(Frozen):
    """A kernel that can only be looked at."""

    host: Host

    def snapshot(self, also: Collection[str] = ()) -> Host:
        return self.host

    def overview(self, protocols: Collection[int], also: Collection[str] = ()) -> Host:
        return self.host


class Unreachable(AbstractContextManager[Any]):
    """A kernel for commands that must not ask one."""

    def __enter__(self) -> Any:
        raise AssertionError("this command asked the kernel")

    def __exit__(self, *_: object) -> None:
        """Never entered."""


def nncp(
    *argv: str,
    kernel: Any = None,
    stdin: bytes = b"",
    terminal: bool = False,
    state_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
    called: str = "nncp",
    **others: Any,
) -> Result:
    """Run one command. `terminal` makes terminals of all three streams; `others` go to the World."""
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    given = io.BytesIO(stdin)
    given.isatty = lambda: terminal and not stdin  # type: ignore[method-assign]
    world = World(
        stdin=given,
        stdout=out,
        stderr=err,
        environ={"COLUMNS": "100", **({"NNCP_STATE_DIR": str(state_dir)} if state_dir else {}), **(environ or {})},
        open_kernel=lambda directory: Unreachable() if kernel is None else nullcontext(kernel),
        refusals=nothing_refused,
        may_configure=True,
        proc="/nowhere",
    )
    code = main(argv, replace(world, **others), called)
    return Result(code, out.getvalue(), err.getvalue())


def link(name: str, number: int, kind: str = "", **attrs: Any) -> Link:
    """A link as the kernel shows it: up, with carrier, MTU 1500."""
    mac = f"52:54:00:00:00:{number:02x}"
    facts = {key: attrs.pop(key) for key in ("port", "carrier", "netnsid", "type") if key in attrs}
    return Link(
        name=name,
        kind=kind,
        attrs={"up": True, "mtu": 1500, "address": mac, "master": "", "promisc": False, "alias": "", **attrs},
        index=number,
        perm_address="" if kind else mac,
        min_mtu=0 if facts.get("type") else 68,
        max_mtu=0 if facts.get("type") else 65535 if kind else 9000,
        **{"carrier": True, **facts},
    )


NODE = Host(
    links={
        each.name: each
        for each in (
            link("lo", 1, type=772, mtu=65536, address="00:00:00:00:00:00"),
            link("eth0", 2, master="bond0"),
            link("eth1", 3, master="bond0", carrier=False),
            link("eth2", 4),
            link("eth3", 5),
            link("bond0", 6, "bond", mode="active-backup", miimon=100, mtu=1500),
            link("bond0.40", 7, "vlan", link="bond0", id=40, protocol="802.1q"),
            link("br0", 8, "bridge", vlan_filtering=0, up=True),
            link("tap1", 9, "tun", master="br0", alias="nncp:vmnet:vm1"),
        )
    },
    addresses={
        "lo": (Address("lo", "127.0.0.1", 8),),
        "bond0": (Address("bond0", "192.0.2.10", 24), Address("bond0", "fe80::1", 64, scope=253)),
        "bond0.40": (Address("bond0.40", "10.40.0.11", 24), Address("bond0.40", "2001:db8:40::11", 64)),
    },
    routes=(Route("0.0.0.0/0", (Hop("bond0", "192.0.2.1"),)),),
)
"""A node with a bond that carries the default route, a VLAN on it, two free NICs and a bridge with a VM."""
