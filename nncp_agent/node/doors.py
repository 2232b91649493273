"""What the engine of a node stands between: whence policies come, where is told what became of them, who gives leave.

A cluster and a directory are two of each. All of it is called from the engine's one thread; none may block it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from netkernel.choice import Choice, auto
from netkernel.frozen import Frozen
from netkernel.typed import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from nncp_agent.objects.policy import Check, Policy

NOTHING: Final[Mapping[str, str]] = {}
NO_CHECKS: Final[Mapping[str, Check]] = {}


class ThisNode(Frozen):
    """The node the engine is on. `uid` is "" without a cluster; `ready` None where nobody says.

    `checks` are those of every policy on it, by name (`wire.spec.CHECKS`): what a policy states goes over them.
    """

    name: str
    uid: str = ""
    labels: Mapping[str, str] = NOTHING
    annotations: Mapping[str, str] = NOTHING
    ready: bool | None = None
    checks: Mapping[str, Check] = NO_CHECKS


class Answer(Choice):
    """To who wants to change this node for one generation of a policy."""

    GRANTED = auto()
    WAITING = auto()
    ABORTED = auto()


class Source(Protocol):
    """Where policies and this node come from."""

    def start(self, changed: Callable[[], None]) -> None:
        """Begin to listen. `changed` may be called from any thread, and often: it is cheap."""

    def stop(self) -> None: ...

    def read_again(self) -> None:
        """Somebody asked for it (SIGHUP): nothing that is remembered counts."""

    def policies(self) -> tuple[Policy, ...] | None:
        """All there are, as they are now. None: not known, or no longer: nothing is decided on it."""

    def node(self) -> ThisNode | None: ...


class Reports(Protocol):
    """Where what became of policies on this node is told."""

    def enactments(self) -> Mapping[str, Mapping[str, Any]]:
        """By the policy's name, as they stand there now; after a restart what we said last."""

    def tell(self, enactment: dict[str, Any]) -> None:
        """Never blocks. The last one of a policy wins, and the sink goes on trying until it is there."""

    def forget(self, policy: str) -> None: ...

    def event(self, policy: str, kind: str, reason: str, message: str) -> None:
        """`kind` is "Normal" or "Warning"."""


class Slots(Protocol):
    """Leave to change this node for one generation of a policy."""

    def ask(self, policy: str, generation: int) -> Answer:
        """Never blocks; who gave `changed` to the source hears when the answer may be another one."""

    def give_back(self, policy: str, generation: int, failed: bool) -> None: ...


class Statuses(Protocol):
    """Who is told at the end of each turn what all policies have come to, where no central writer works that out."""

    def tell(self, policies: Sequence[Policy], node: ThisNode, enactments: Mapping[str, Mapping[str, Any]]) -> None: ...


class Changed(Protocol):
    """Who wants to know at once when this node was changed by a policy."""

    def applied(self) -> None: ...
