"""The CNI plugins on a node that may have no Python: an interpreter of their own, brought along in one directory."""

from __future__ import annotations

from netkernel.errors import NetworkError


class NotInstalled(NetworkError):
    """The plugins could not be put there, or taken away; what was there before is there still."""
