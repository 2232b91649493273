"""Exit codes."""

from netkernel.typed import Final

OK: Final = 0
FAILED: Final = 1
"""It did not work, and the host is as it was."""
USAGE: Final = 2
INVALID: Final = 3
"""The policy is wrong; nothing was touched."""
NOT_UNDONE: Final = 4
"""It did not work, and something is not as it was; stderr says what."""
NOT_IN_TIME: Final = 5
"""What was waited for did not come."""
FOUND: Final = 10
"""With --exit-code: there is something to do, or there are differences."""
UNREADABLE: Final = 65
"""What should be a document is none: EX_DATAERR for nmstatectl, for `nncp` as good as INVALID."""
INTERRUPTED: Final = 130
NO_READER: Final = 141
