"""The way of a guest's frames, hop by hop up to the first that is broken; and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import localtime, strftime

from netkernel.frozen import Frozen
from netkernel.typed import Any, Final
from vmnet.doctor import in_pod, on_node
from vmnet.doctor.evidence import Case, Finding
from vmnet.transcript import OfTap

HOPS: Final[Sequence[Callable[[Case], Finding | None]]] = (
    in_pod.wires, in_pod.tap, in_pod.guest, in_pod.bridge, in_pod.vlans, in_pod.rules, in_pod.lease, in_pod.forwarding,
    in_pod.connections, in_pod.pod_link, on_node.peer, on_node.rules, on_node.forwarding, on_node.connections,
    on_node.bridge, on_node.vlans, on_node.uplink, on_node.sizes, on_node.addresses,
)  # fmt: skip


class Diagnosis(Frozen):
    """One NIC: its hops in the order of a frame from the guest, the last of which may be broken."""

    nic: str
    findings: tuple[Finding, ...]
    transcript: OfTap = OfTap()

    @property
    def broken(self) -> Finding | None:
        return next((each for each in self.findings if each.wrong), None)


def walked(case: Case) -> tuple[Finding, ...]:
    """Up to the first hop that is broken, that one included; hops that a NIC does not have are left out."""
    found = []
    for hop in HOPS:
        finding = hop(case)
        if finding is not None:
            found.append(finding)
            if finding.wrong:
                break
    return tuple(found)


def lines(diagnosis: Diagnosis) -> Iterator[str]:
    """For people."""
    broken = diagnosis.broken
    yield f"{diagnosis.nic}: {f'{broken.hop} is where it stops' if broken else 'nothing wrong'}"
    for each in diagnosis.findings:
        yield f"  {'BROKEN' if each.wrong else 'ok':6} {each.hop}{f': {each.wrong}' if each.wrong else ''}"
        if each.noted:
            yield f"         note: {each.noted}"
        if each.wrong:
            yield f"         see: {each.command}"
    for line in diagnosis.transcript.lines[-_SHOWN:]:
        yield f"  {strftime('%H:%M:%S', localtime(line.at))} {line.said}"


_SHOWN: Final = 8
"""Lines of the transcript."""


def plain(diagnosis: Diagnosis) -> dict[str, Any]:
    """For programs."""
    broken = diagnosis.broken
    return {
        "nic": diagnosis.nic,
        "broken": broken.hop if broken else None,
        "hops": [
            {"hop": each.hop, "wrong": each.wrong, "noted": each.noted, "command": each.command}
            for each in diagnosis.findings
        ],
        "transcript": [{"time": each.at, "said": each.said} for each in diagnosis.transcript.lines],
    }
