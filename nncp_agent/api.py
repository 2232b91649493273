"""The agent from Python: plain dicts in nmstate form in and out, typed errors (`nncp_agent.errors`).

Each function opens the kernel and the state directory for itself; `state_dir` is `$NNCP_STATE_DIR` or
/var/lib/nncp-agent when not given, `namespace` the path of a network namespace, None being the calling thread's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from netkernel import probe
from netkernel.documents import Document
from netkernel.ethtool import PARTS
from netkernel.files import MANAGERS
from netkernel.frozen import replace
from netkernel.kernel import LinuxKernel
from nncp_agent import diff, dispatch, managers, node_file, notes, pending, shown, whole, wire
from nncp_agent import history as _history
from nncp_agent.apply import apply as _apply
from nncp_agent.apply import go_back as _go_back
from nncp_agent.back import back_to
from nncp_agent.checks import tcp
from nncp_agent.checks.base import Check
from nncp_agent.errors import InvalidPolicy
from nncp_agent.files import root
from nncp_agent.keeping.door import Door
from nncp_agent.options import PENDING_S, Options, Outcome
from nncp_agent.plan import decide, decide_closely
from nncp_agent.policy.node import Node, of_document
from nncp_agent.policy.resolver import resolve
from nncp_agent.sections.hardware import needed
from nncp_agent.shown import running
from nncp_agent.shown.base import unshared
from nncp_agent.store import Store, default_directory
from nncp_agent.wire.comparable import comparable

__all__ = [
    "Outcome", "apply", "commit", "differences", "go_back", "history", "plan", "plan_back", "rollback", "show",
]  # fmt: skip

Asked = Mapping[str, Any]
"""A network state or an NNCP manifest, as JSON or YAML would give it."""


class _Here(NamedTuple):
    kernel: LinuxKernel
    store: Store


@contextmanager
def _here(state_dir: Path | None, namespace: str | None) -> Iterator[_Here]:
    directory = state_dir or default_directory()
    with LinuxKernel(namespace, keepers=Door(directory), root=root()) as kernel:
        yield _Here(kernel, Store(directory))


def show(
    *,
    running_config: bool = False,
    include_secrets: bool = False,
    state_dir: Path | None = None,
    namespace: str | None = None,
) -> dict[str, Any]:
    """The host's state. `running_config` leaves out what cannot be asked for; secrets are hidden unless included.

    Raises NetworkError, StoreBroken.
    """
    with _here(state_dir, namespace) as here:
        state = _present(here, include_secrets)
    state = unshared(state)  # the caller's own, to change as they like
    return running.running_config(state) if running_config else state


def plan(
    desired: Asked | Sequence[Asked],
    *,
    claim: bool = False,
    node: Mapping[str, Any] | None = None,
    state_dir: Path | None = None,
    namespace: str | None = None,
) -> list[str]:
    """The changes that `desired` (several documents are one) needs, a line for each.

    `node` is what templates like `{{ node.labels.rack }}` speak of: {name, labels, annotations}, or a Node of
    Kubernetes; /etc/nncp/node.yaml when not given. Raises InvalidPolicy, NetworkError.
    """
    with _here(state_dir, namespace) as here:
        decoded = _read(desired, here, node)
        committed = here.store.committed()
        before = here.kernel.snapshot(needed(decoded.desired, committed))
        whole.refuse(decoded, before, committed, probe.refusals)
        decided = partial(
            decide,
            decoded.desired,
            committed=committed,
            refusals=probe.refusals,
            holders=managers.holders,
            link_files=managers.link_files,
            claim=claim,
        )
        decision = decide_closely(decided, before, here.kernel.snapshot)
    return [str(op) for op in decision.ops]


def apply(
    desired: Asked | Sequence[Asked],
    *,
    verify: bool = True,
    commit: bool = True,
    timeout_s: float = PENDING_S,
    memory_only: bool = False,
    checks: Sequence[str | Check] | None = (),
    claim: bool = False,
    node: Mapping[str, Any] | None = None,
    state_dir: Path | None = None,
    namespace: str | None = None,
) -> Outcome:
    """Make the host look like `desired` (several documents are one), or leave it as it was.

    Captures are made of the host as it is before the change; `node` is as for `plan`.
    `checks` are TCP endpoints (`tcp://HOST:PORT`) or checks of one's own, beside gateways and name servers; None checks
    nothing at all. `claim` takes over links that another manager holds (NetworkManager, systemd-networkd, ifupdown),
    which are refused without it. With `commit=False` the change waits `timeout_s` seconds for `commit` and goes back by
    itself.
    Raises what `nncp_agent.apply.apply` raises.
    """
    options = replace(
        _options("apply", checks, namespace),
        verify=verify,
        commit=commit,
        memory_only=memory_only,
        claim=claim,
        timeout_s=timeout_s,
    )
    with _here(state_dir, namespace) as here:
        decoded = _read(desired, here, node)
        options = replace(options, policies=tuple(policy.name for policy in decoded.policies))
        if decoded.problems:
            committed = here.store.committed()
            whole.refuse(decoded, here.kernel.snapshot(needed(decoded.desired, committed)), committed, probe.refusals)
        return _apply(decoded.desired, here.kernel, here.store, options=options)


def commit(checkpoint: str | None = None, *, state_dir: Path | None = None) -> str:
    """Keep an uncommitted change (the one of `checkpoint`); gives its name.

    Raises NothingPending, Busy, StoreBroken.
    """
    return pending.commit(Store(state_dir or default_directory()), checkpoint, command="nncp_agent.api.commit")


def rollback(
    checkpoint: str | None = None, *, state_dir: Path | None = None, namespace: str | None = None
) -> tuple[str, ...]:
    """Take an uncommitted change back; gives what is not as it was. Raises NothingPending, Busy, StoreBroken."""
    with _here(state_dir, namespace) as here:
        return pending.rollback(here.store, here.kernel, checkpoint, command="nncp_agent.api.rollback")


def history(*, state_dir: Path | None = None) -> list[dict[str, Any]]:
    """Every apply that is kept, oldest first: its number, time, plan, outcome, timing. Raises StoreBroken."""
    return [_history.document(entry) for entry in _history.entries(Store(state_dir or default_directory()))]


def plan_back(number: int, *, state_dir: Path | None = None, namespace: str | None = None) -> list[str]:
    """The changes that `go_back` would make, a line for each. Raises NetworkError, StoreBroken."""
    with _here(state_dir, namespace) as here:
        return [str(op) for op in back_to(here.store, number, here.kernel.snapshot((*PARTS, MANAGERS))).ops]


def go_back(
    number: int,
    *,
    verify: bool = True,
    commit: bool = True,
    timeout_s: float = PENDING_S,
    checks: Sequence[str | Check] | None = (),
    state_dir: Path | None = None,
    namespace: str | None = None,
) -> Outcome:
    """Take back every apply after `number` of the history (0 is before the first), or leave the host as it is.

    The rest is as for `apply`. Raises NetworkError when the history does not reach back that far, else as `apply`.
    """
    options = replace(_options("go_back", checks, namespace), verify=verify, commit=commit, timeout_s=timeout_s)
    with _here(state_dir, namespace) as here:
        return _go_back(number, here.kernel, here.store, options=options)


def differences(new: Asked, old: Asked) -> dict[str, Any]:
    """What of `new` is not so in `old`, in nmstate form (nmstate.md 5.7). Raises InvalidPolicy.

    What no policy of this version can ask for is compared as it stands.
    """
    return diff.differences(*(comparable([Document(each)]) for each in (new, old)))


def _options(function: str, checks: Sequence[str | Check] | None, namespace: str | None) -> Options:
    return Options(
        check=checks is not None,
        checks=[tcp.parse(each, namespace) if isinstance(each, str) else each for each in checks or ()],
        command=f"nncp_agent.api.{function}",
        refusals=probe.refusals,
        holders=managers.holders,
        link_files=managers.link_files,
    )


def _read(desired: Asked | Sequence[Asked], here: _Here, node: Mapping[str, Any] | None) -> wire.Decoded:
    """The documents with captures and templates resolved. Raises InvalidPolicy for what is wrong with those."""
    several = [desired] if isinstance(desired, Mapping) else list(desired)
    resolution = resolve([Document(value) for value in several], lambda: _present(here), lambda: _node(node))
    if resolution.problems:
        raise InvalidPolicy(resolution.problems)
    decoded = wire.read(resolution.documents)
    if scripts := dispatch.refused(decoded.desired):
        raise InvalidPolicy(scripts)
    return decoded


def _present(here: _Here, include_secrets: bool = False) -> dict[str, Any]:
    remembered = notes.read(str(here.store.directory), include_secrets)
    return shown.state(here.kernel.overview(shown.routes.RUNNING_PROTOCOLS, PARTS), remembered)


def _node(value: Mapping[str, Any] | None) -> Node:
    if value is None:
        return node_file.node()
    node, problems = of_document(value, os.uname().nodename, "node")
    if problems:
        raise InvalidPolicy(problems)
    return node
