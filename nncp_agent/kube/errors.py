"""What an API server may answer instead of what was asked, as errors of our own."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from netkernel.errors import NetworkError


class NoAccess(NetworkError):
    """No API server and no identity for it could be read: which file, and what is wrong with it."""


class ApiError(NetworkError):
    """The server refused. `code` is HTTP's, 0 when it was not reached; `reason` is the server's word for machines.

    `retry_after_s`: the server wants to be left alone for so long.
    """

    def __init__(self, message: str, code: int = 0, reason: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.retry_after_s = retry_after_s


class NotFound(ApiError):
    """No such object, or no such resource."""


class Conflict(ApiError):
    """Somebody else has written it meanwhile, or it is there already (`AlreadyExists`)."""


class AlreadyExists(Conflict):
    """It was to be made, and it is there."""


class Gone(ApiError):
    """The server does not remember that version any more: list anew."""


class Invalid(ApiError):
    """The object is not as its schema wants it; asking again does not help."""


class Forbidden(ApiError):
    """This identity may not."""


class Unauthorized(ApiError):
    """The server does not know this identity, or no longer."""


class Unavailable(ApiError):
    """Not reached, not in time, overloaded, or it broke: the same may work in a while."""


class TooManyRequests(Unavailable):
    """It is asked too much."""


_CLASSES: Final[Mapping[int, type[ApiError]]] = {
    HTTPStatus.BAD_REQUEST: Invalid,
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.GONE: Gone,
    HTTPStatus.UNPROCESSABLE_ENTITY: Invalid,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
}


def of(code: int, status: Mapping[str, Any], retry_after: str = "") -> ApiError:
    """The error of a `Status` object, or of what else came with `code`; `retry_after` is the header."""
    reason = str(status.get("reason") or "")
    message = str(status.get("message") or "") or f"the API server answered {code}"
    details = status.get("details")
    asked = retry_after if retry_after.isdecimal() else (details or {}).get("retryAfterSeconds", 0)
    kind = _CLASSES.get(code, Unavailable if code >= HTTPStatus.INTERNAL_SERVER_ERROR else ApiError)
    if reason == "AlreadyExists":
        kind = AlreadyExists
    return kind(message, code, reason, float(asked or 0))
