"""What the process of a service is asked at its socket; `places.HEARD` and `AGAIN` are the other questions."""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.records import Client


class Request(Frozen):
    """Start the client or stop it; `release` gives what it was lent back first."""

    client: Client
    start: bool
    release: bool = False
