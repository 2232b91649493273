"""What a plugin answers when it fails: a code of the specification, a sentence, and what else there is to know."""

from __future__ import annotations

from netkernel.typed import Final

INCOMPATIBLE_VERSION: Final = 1
INVALID_ENVIRONMENT: Final = 4
IO_FAILURE: Final = 5
UNDECODABLE: Final = 6
INVALID_CONFIG: Final = 7
INVALID_NETNS: Final = 8
"""Of the Go library, not of the specification."""
TRY_AGAIN_LATER: Final = 11
INTERNAL: Final = 999
"""What Go plugins say for all that is none of the above."""


class CniError(Exception):
    """A failed call. `code` is one of CNI specification 1.1.0, section 5 ("Error"), or a plugin's own from 100 on."""

    def __init__(self, code: int, message: str, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
