"""Policies as text, for tests that are about something else than reading them."""

from __future__ import annotations

import textwrap

from netkernel import documents
from nncp_agent import wire
from nncp_agent.model import NetworkState


def policy(text: str) -> NetworkState:
    """The desired state of a YAML text, however it is indented."""
    return wire.decode(documents.read(textwrap.dedent(text), "policy.yaml")).desired
