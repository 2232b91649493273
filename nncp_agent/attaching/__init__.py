"""Attach a network namespace to a network as Multus attaches a pod, without a cluster: for one definition at a time.

What of Multus is done here: the plugins of a chain in their order, each with the result of the one before; `net1`,
`net2` … as names; MAC and addresses from the selection both ways, as capabilities and in CNI_ARGS; namespaces kept
apart; what was attached remembered with its configuration, so that it can go when the definition is gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.errors import NetworkError


class NotAttached(NetworkError):
    """A plugin refused; what the others had done was taken back, but for `leftovers`."""

    def __init__(self, message: str, leftovers: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.leftovers = tuple(leftovers)
