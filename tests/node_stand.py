"""A node without threads: the engine's turns over a fake kernel, with policies from YAML and what it says in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netkernel.documents import read
from netkernel.frozen import replace
from netkernel.host import Host
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.node.doors import Answer, ThisNode
from nncp_agent.node.turn import Doors, Turns
from nncp_agent.objects import conditions
from nncp_agent.objects.enactment import conditions_of, generation_of, message_of, policy_of
from nncp_agent.objects.policy import Policy, policies
from nncp_agent.options import Options
from nncp_agent.store import Store
from tests.fake_kernel import FakeKernel


@contextmanager
def unguarded(store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    """A watchdog that never has to act."""
    yield


class Policies:
    """A source: what there is, is what was put."""

    def __init__(self, node: ThisNode) -> None:
        self.here: ThisNode | None = node
        self.known: dict[str, Policy] | None = {}
        self.generations: dict[str, int] = {}

    def start(self, changed: Callable[[], None]) -> None:
        """Nobody listens: turns are taken by hand."""

    def stop(self) -> None: ...
    def read_again(self) -> None: ...

    def policies(self) -> tuple[Policy, ...] | None:
        return None if self.known is None else tuple(self.known.values())

    def node(self) -> ThisNode | None:
        return self.here

    def put(self, name: str, state: str, **spec: Any) -> None:
        """Make a policy, or edit it; `state` is its desiredState in YAML."""
        desired = read(state)[0].value if state.strip() else {}
        manifest = {
            "apiVersion": "nmstate.io/v1",
            "kind": "NodeNetworkConfigurationPolicy",
            "metadata": {"name": name},
            "spec": {"desiredState": desired, **spec},
        }
        self.put_manifest(manifest)

    def put_manifest(self, manifest: Mapping[str, Any]) -> None:
        from netkernel.documents import Document

        for policy, _ in policies(Document(manifest)):
            number = self.generations[policy.name] = self.generations.get(policy.name, 0) + 1
            assert self.known is not None
            self.known = {**self.known, policy.name: replace(policy, generation=number)}

    def delete(self, name: str) -> None:
        assert self.known is not None
        self.known = {each: policy for each, policy in self.known.items() if each != name}


class Said:
    """Reports that keep all: `rows` has for each policy the names of the rows it went through, without repetitions."""

    def __init__(self) -> None:
        self.objects: dict[str, Mapping[str, Any]] = {}
        self.rows: dict[str, list[str]] = {}
        self.events: list[tuple[str, str, str, str]] = []

    def enactments(self) -> Mapping[str, Mapping[str, Any]]:
        return self.objects

    def tell(self, enactment: dict[str, Any]) -> None:
        policy = policy_of(enactment)
        self.objects[policy] = enactment
        row = conditions.row_of(conditions_of(enactment)).name
        rows = self.rows.setdefault(policy, [])
        if not rows or rows[-1] != row:
            rows.append(row)

    def forget(self, policy: str) -> None:
        self.objects.pop(policy, None)

    def event(self, policy: str, kind: str, reason: str, message: str) -> None:
        self.events.append((policy, kind, reason, message))


class Leave:
    """Slots: granted unless told otherwise."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, int]] = []
        self.back: list[tuple[str, int, bool]] = []

    def ask(self, policy: str, generation: int) -> Answer:
        self.asked.append((policy, generation))
        return self.answers.get(policy, Answer.GRANTED)

    def give_back(self, policy: str, generation: int, failed: bool) -> None:
        self.back.append((policy, generation, failed))


class Stand:
    """All of it. `now` is both clocks, moved by hand."""

    def __init__(
        self, directory: Path, host: Host, labels: Mapping[str, str] | None = None, kernel: FakeKernel | None = None
    ) -> None:
        self.kernel = kernel or FakeKernel(host)
        self.source = Policies(ThisNode("node1", labels=labels or {}))
        self.said = Said()
        self.leave = Leave()
        self.store = Store(directory)
        self.now = 1_000_000.0
        self.options = Options(guard=unguarded, check=False, verify_timeout_s=0.0)
        self.boot = "this boot"
        self.turns = self._turns()

    def _turns(self) -> Turns:
        doors = Doors(self.source, self.said, self.leave)
        return Turns(
            doors, self.kernel, self.store, self.options, clock=self._clock, now=self._clock, boot=lambda: self.boot
        )

    def restart(self) -> None:
        """As if the daemon had ended and begun anew."""
        self.turns = self._turns()

    def run(self) -> float | None:
        """All turns there are; gives the seconds until the next is due."""
        due = self.turns.run()
        return None if due is None else due - self.now

    def _clock(self) -> float:
        return self.now

    def row(self, policy: str) -> str:
        """The name of the row its enactment is in; "" without one."""
        found = self.said.objects.get(policy)
        return conditions.row_of(conditions_of(found)).name if found is not None else ""

    def message(self, policy: str) -> str:
        return message_of(self.said.objects[policy])

    def condition(self, policy: str, type_: str) -> str:
        """The message of a condition that is True; "" where it is not."""
        found = conditions_of(self.said.objects[policy])
        return next((str(each["message"]) for each in found if each["type"] == type_ and each["status"] == "True"), "")

    def generation(self, policy: str) -> int:
        return generation_of(self.said.objects[policy])

    def links(self) -> set[str]:
        return set(self.kernel.snapshot().links)
