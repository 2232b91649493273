"""Everything outside the process that a command touches, in one value: the seam at which tests stand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from io import RawIOBase, TextIOWrapper

from netkernel.frozen import Frozen
from netkernel.typed import TYPE_CHECKING, BinaryIO, Self, TextIO

if TYPE_CHECKING:  # a cold start pays only for what its verb needs
    from netkernel.records import Attrs, Link
    from netkernel.transaction import Kernel
    from nncp_agent.managers.base import Holder
    from nncp_agent.managers.udev import LinkFile
    from nncp_agent.options import Options

CAP_NET_ADMIN = 12
"""linux/capability.h."""


class World(Frozen, kw_only=True):
    """The streams, the environment and the kernel.

    `open_kernel` takes the state directory, in which leases are. `may_configure` is whether this process may change the
    network, `refusals` who knows what the kernel would refuse, `holders` which links other managers hold, `link_files`
    what udev goes by when links appear and `named` what it went by for those that are here. `hear` listens on links for
    so many seconds at most (`lldp.hearing`). `adapt` has the last word on how to apply. `of_kubectl`
    says that kubectl calls us (`kubectl nncp`), so that what may be the cluster's or this node's is the cluster's.
    """

    stdin: BinaryIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    open_kernel: Callable[[str], AbstractContextManager[Kernel]]
    may_configure: bool
    refusals: Callable[[str, Attrs], Mapping[str, str]]
    holders: Callable[[Mapping[str, Link]], Mapping[str, Holder]] = lambda links: {}
    link_files: Callable[[], Sequence[LinkFile]] = lambda: ()
    named: Callable[[Mapping[str, Link]], Mapping[str, LinkFile]] = lambda links: {}
    hear: Callable[[Sequence[str], float], Mapping[str, tuple[bytes, ...]]] = lambda links, timeout_s: {}
    proc: str = "/proc"
    adapt: Callable[[Options], Options] = lambda options: options
    of_kubectl: bool = False

    @classmethod
    def here(cls) -> Self:
        """The real one."""
        import os

        stdout, stderr = _buffered(_open(sys.stdout)), _open(sys.stderr)
        return cls(
            stdin=sys.stdin.buffer if sys.stdin else open(os.devnull, "rb"),
            stdout=stdout,
            stderr=stderr,
            environ=os.environ,
            open_kernel=_linux,
            refusals=_refusals,
            holders=_holders,
            link_files=_link_files,
            named=_named,
            hear=_hear,
            may_configure=_has_capability(CAP_NET_ADMIN),
        )

    def columns(self) -> int:
        """How wide the terminal is; 100 where there is none."""
        if self.environ.get("COLUMNS", "").isdecimal():
            return max(int(self.environ["COLUMNS"]), 40)
        if not self.stdout.isatty():
            return 100
        import os

        try:
            return max(os.get_terminal_size(self.stdout.fileno()).columns or 100, 40)  # 0: nobody told it its size
        except OSError:
            return 100


def _open(stream: TextIO | None) -> TextIO:
    """The stream, or a hole where it was closed (`>&-`). A name it cannot show must not end a command."""
    if stream is None:
        return open("/dev/null", "w")
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _buffered(stream: TextIO) -> TextIO:
    """A stream that writes all it is given, or says that it could not.

    With PYTHONUNBUFFERED Python drops, in silence, what the kernel does not take at once.
    """
    if isinstance(getattr(stream, "buffer", None), RawIOBase):
        return open(stream.fileno(), "w", encoding=stream.encoding, errors="backslashreplace", closefd=False)
    return stream


def _linux(state_directory: str) -> AbstractContextManager[Kernel]:
    from netkernel.kernel import LinuxKernel  # late: `nncp draft` needs no kernel
    from nncp_agent.files import root
    from nncp_agent.keeping.door import Door

    return LinuxKernel(keepers=Door(state_directory), root=root())


def _refusals(kind: str, attrs: Attrs) -> Mapping[str, str]:
    from netkernel import probe  # late: only plans with bonds ask

    return probe.refusals(kind, attrs)


def _holders(links: Mapping[str, Link]) -> Mapping[str, Holder]:
    from nncp_agent import managers  # late: YAML and JSON do not tell

    return managers.holders(links)


def _link_files() -> Sequence[LinkFile]:
    from nncp_agent import managers  # late: only plans ask

    return managers.link_files()


def _named(links: Mapping[str, Link]) -> Mapping[str, LinkFile]:
    from nncp_agent.managers import udev  # late: YAML and JSON do not tell

    return udev.applied(links)


def _hear(links: Sequence[str], timeout_s: float) -> Mapping[str, tuple[bytes, ...]]:
    from nncp_agent.lldp import hearing  # late: one verb listens

    return hearing.heard(links, timeout_s)


def _has_capability(number: int) -> bool:
    """Whether the effective set has it (proc(5), CapEff). Being root is neither needed nor enough."""
    with open("/proc/self/status", "rb") as status:
        masks = [line.split()[1] for line in status if line.startswith(b"CapEff:")]
    return bool(masks) and bool(int(masks[0], 16) >> number & 1)
