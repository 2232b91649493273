"""Creating, showing and dumping many links."""

from __future__ import annotations

import json
import subprocess
import sys

from netkernel.kernel import LinuxKernel
from netkernel.ops import AddAddress, CreateLink, Op
from netkernel.records import Address
from tests.bench.contest import Contest, Side

QUIET_S = 1.5
"""So long without news, and nothing more will come by itself."""


def contests() -> list[Contest]:
    return [_create(1000), _show(1000), _dump(10_000)]


def _ip(index: int) -> str:
    return f"10.{index // 250}.{index % 250}.1"


def _ops(count: int) -> list[Op]:
    """A bridge stands for "some virtual link": every kernel has it."""
    ops: list[Op] = [CreateLink(f"l{i}", "bridge", {"up": True}) for i in range(count)]
    ops += [AddAddress(Address(f"l{i}", _ip(i), 24)) for i in range(count)]
    return ops


def _batch(count: int) -> str:
    lines = [f"link add l{i} up type bridge" for i in range(count)]
    lines += [f"address add {_ip(i)}/24 dev l{i}" for i in range(count)]
    return "\n".join(lines) + "\n"


def _ip_batch(text: object) -> None:
    subprocess.run(["ip", "-batch", "-"], input=str(text), text=True, check=True, stdout=subprocess.DEVNULL)


def _have(count: int) -> bool:
    shown = json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True).stdout)
    return sum(1 for link in shown if any(a["family"] == "inet" for a in link["addr_info"])) >= count


def _execute(ops: object) -> None:
    with LinuxKernel() as kernel:
        kernel.execute(ops)  # type: ignore[arg-type]


def _populate(count: int) -> None:
    """The links, once duplicate address detection has come to its end on all of them."""
    with LinuxKernel() as kernel:
        kernel.execute(_ops(count))
        kernel.snapshot()
        while kernel.wait(QUIET_S):
            kernel.snapshot()


def _create(count: int) -> Contest:
    ours = Side("execute", lambda: _ops(count), _execute, lambda: _have(count))
    peer = Side("ip -batch", lambda: _batch(count), _ip_batch, lambda: _have(count))
    return Contest(f"create {count} links with addresses", ours, (peer,), (1.1,))


def _show(count: int) -> Contest:
    """Whole processes, from exec to the last byte; the peer's output is parsed, as a caller must."""

    def ours(_: object) -> None:
        out = subprocess.run([sys.executable, "-m", "nncp_agent", "show", "-o", "json"], capture_output=True)
        assert out.returncode == 0 and len(out.stdout) > count * 50, out.stderr

    def peer(_: object) -> None:
        parse = "import json,sys; assert len(json.load(sys.stdin)) >= int(sys.argv[1])"
        shown = subprocess.Popen(["ip", "-j", "-d", "addr"], stdout=subprocess.PIPE)
        subprocess.run([sys.executable, "-c", parse, str(count)], stdin=shown.stdout, check=True)
        shown.wait()

    def prepare() -> None:
        _populate(count)

    return Contest(
        f"show {count} links as JSON, whole process",
        Side("nncp show -o json", prepare, ours, lambda: True, runs=3),
        (Side("ip -j -d addr | python json", prepare, peer, lambda: True, runs=3),),
        (1.0,),
    )


def _dump(count: int) -> Contest:
    from pyroute2 import IPRoute  # late: its import is not to be paid for by the other contests

    def prepare() -> None:
        # veths, because a namespace with that many bridges takes minutes to die
        lines = "".join(f"link add l{i} type veth peer name m{i}\n" for i in range(count // 2))
        subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)

    def ours(_: object) -> None:
        with LinuxKernel() as kernel:
            assert len(kernel.snapshot().links) >= count

    def peer(_: object) -> None:
        with IPRoute() as route:
            assert len(list(route.get_links())) >= count

    return Contest(
        f"{count} links into the model",
        Side("whole snapshot", prepare, ours, lambda: True),
        (Side("pyroute2 get_links", prepare, peer, lambda: True),),
        (1 / 15,),
        rounds=3,
    )
