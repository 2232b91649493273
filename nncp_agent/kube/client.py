"""Requests to an API server: plain JSON objects by resource, name and namespace."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from netkernel.frozen import Frozen
from nncp_agent.kube import errors
from nncp_agent.kube.access import Access, configuration
from nncp_agent.kube.errors import ApiError, Unauthorized, Unavailable
from nncp_agent.kube.resources import Resource
from nncp_agent.kube.stream import Stream

Object = dict[str, Any]
Objects = list[Object]

CONNECT_S: Final = 5.0
ANSWER_S: Final = 30.0
PAGE: Final = 500
"""Objects in one answer of a list, as kubectl asks for them."""
JSON: Final = "application/json"
MERGE: Final = "application/merge-patch+json"
OPERATIONS: Final = "application/json-patch+json"
APPLY: Final = "application/apply-patch+yaml"
LONGEST_EXCERPT: Final = 200


class Listing(Frozen):
    """`version` is what a watch goes on from."""

    items: tuple[Object, ...]
    version: str


class Tally(Frozen):
    """What was asked and what came: requests by verb and resource (`patch leases`), bytes of answers and watches."""

    requests: Mapping[str, int]
    received: int


class Api:
    """One API server as one identity; may be used by many threads at once.

    Every method raises an ApiError (nncp_agent.kube.errors): Unavailable when the server was not reached or did not
    answer in `answer_s`. When it does not know us any more, the identity is read anew and the request made once more.
    Nothing else is tried again here: whoever asks knows for how long it makes sense.
    """

    def __init__(self, access: Access, *, answer_s: float = ANSWER_S) -> None:
        self.access: Final = access
        self._answer_s = answer_s
        self._lock = threading.Lock()
        self._endpoint: _Endpoint | None = None
        self._requests: dict[str, int] = {}
        self._received = 0

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object:
        return self._ask("get", resource, "GET", resource.path(name, namespace))

    def list(self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "") -> Listing:
        """All of them, page by page. `labels` and `fields` are selectors as kubectl takes them."""
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": str(PAGE)}
        items: list[Object] = []
        while True:
            answer = self._ask("list", resource, "GET", resource.path(namespace=namespace), query)
            items += (resource.whole(item) for item in answer.get("items") or ())
            metadata = answer.get("metadata") or {}
            if not (more := metadata.get("continue")):
                return Listing(tuple(items), str(metadata.get("resourceVersion") or ""))
            query = {**query, "continue": more}

    def create(self, resource: Resource, body: Object, namespace: str = "") -> Object:
        """Raises AlreadyExists."""
        return self._ask("create", resource, "POST", resource.path(namespace=namespace), body=body)

    def replace(self, resource: Resource, body: Object, namespace: str = "", *, subresource: str = "") -> Object:
        """Raises Conflict when `body` has a resourceVersion that is not the last."""
        path = resource.path(body["metadata"]["name"], namespace, subresource)
        return self._ask("update", resource, "PUT", path, body=body)

    def patch(
        self, resource: Resource, name: str, body: Object, namespace: str = "", *, subresource: str = ""
    ) -> Object:
        """Merge `body` into it (RFC 7386): null takes away, lists are replaced."""
        path = resource.path(name, namespace, subresource)
        return self._ask("patch", resource, "PATCH", path, body=body, content=MERGE)

    def operate(
        self, resource: Resource, name: str, body: Objects, namespace: str = "", *, subresource: str = ""
    ) -> Object:
        """Do JSON Patch operations (RFC 6902), all or none."""
        path = resource.path(name, namespace, subresource)
        return self._ask("patch", resource, "PATCH", path, body=body, content=OPERATIONS)

    def apply(
        self, resource: Resource, body: Object, manager: str, namespace: str = "", *, subresource: str = ""
    ) -> Object:
        """Server-side apply: make it, or make `manager`'s fields what `body` says; other managers give way."""
        path = resource.path(body["metadata"]["name"], namespace, subresource)
        query = {"fieldManager": manager, "force": "true"}
        return self._ask("apply", resource, "PATCH", path, query, body=body, content=APPLY)

    def delete(self, resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        """With `uid` only that very object. Raises NotFound."""
        body = {"preconditions": {"uid": uid}} if uid else None
        self._ask("delete", resource, "DELETE", resource.path(name, namespace), body=body)

    def raw(self, path: str, *, answer_s: float = 0.0) -> Object:
        """GET a path that is no resource's, such as /version."""
        return self._ask("get", None, "GET", path, answer_s=answer_s)

    @contextmanager
    def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        version: str,
        for_s: int,
        labels: str = "",
        fields: str = "",
        opened: Callable[[Stream], None] = lambda _: None,
    ) -> Iterator[Iterator[Object]]:
        """Events after `version` as they come, bookmarks among them, for at most about `for_s`.

        `opened` is given the stream, which any thread may `end`.
        """
        query = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": str(for_s)}
        query |= {"labelSelector": labels, "fieldSelector": fields}
        path = resource.path(namespace=namespace)
        response = self._open("watch", resource, "GET", path, query, answer_s=for_s + self._answer_s)
        stream = Stream(response, self._faults(), self._took)
        try:
            opened(stream)
            yield stream.events()
        finally:
            stream.close()

    def tally(self) -> Tally:
        with self._lock:
            return Tally(dict(self._requests), self._received)

    def close(self) -> None:
        """Ends what is idle; the next request opens anew."""
        with self._lock:
            endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.pool.clear()

    def _ask(
        self,
        verb: str,
        resource: Resource | None,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content: str = JSON,
        answer_s: float = 0.0,
    ) -> Object:
        response = self._open(
            verb, resource, method, path, query, body=body, content=content, answer_s=answer_s or self._answer_s
        )
        try:
            data = response.read()
        except self._faults() as fault:
            raise Unavailable(f"the API server's answer broke off: {_words(fault)}") from fault
        finally:
            response.release_conn()
        self._took(len(data))
        try:
            return _object(data)
        except msgspec.DecodeError as error:
            raise Unavailable(f"the API server's answer is no JSON: {error}") from error

    def _open(
        self,
        verb: str,
        resource: Resource | None,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content: str = JSON,
        answer_s: float,
    ) -> Any:
        words = {name: value for name, value in (query or {}).items() if value}
        url = f"{path}?{urlencode(words)}" if words else path
        data = None if body is None else msgspec.json.encode(body)
        with self._lock:
            what = f"{verb} {resource.plural if resource else 'other'}"
            self._requests[what] = self._requests.get(what, 0) + 1
        endpoint = self._opened()
        try:
            return endpoint.request(method, url, data, content, answer_s)
        except Unauthorized:
            return self._opened(instead_of=endpoint).request(method, url, data, content, answer_s)

    def _opened(self, instead_of: _Endpoint | None = None) -> _Endpoint:
        with self._lock:
            if self._endpoint is None or self._endpoint is instead_of:
                self._endpoint = _Endpoint(configuration(self.access))
            return self._endpoint

    def _faults(self) -> tuple[type[Exception], ...]:
        return self._opened().faults

    def _took(self, count: int) -> None:
        with self._lock:
            self._received += count


class _Endpoint:
    """A server's address and an identity as they were in the files, with open connections."""

    def __init__(self, settings: Any) -> None:
        from kubernetes.client.rest import RESTClientObject  # as in nncp_agent.kube.access
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        self._settings = settings
        self._host = settings.host.rstrip("/")
        self._timeout = Timeout
        self.pool = RESTClientObject(settings).pool_manager
        self.faults: tuple[type[Exception], ...] = (HTTPError, OSError)

    def request(self, method: str, url: str, data: bytes | None, content: str, answer_s: float) -> Any:
        """The open response of a request that was granted. Raises ApiError."""
        headers = {"Accept": JSON, "User-Agent": "nncp-agent", **self._identity()}
        if data is not None:
            headers["Content-Type"] = content
        limits = self._timeout(connect=min(CONNECT_S, answer_s), read=answer_s)
        try:
            response = self.pool.request(
                method, f"{self._host}{url}", body=data, headers=headers, timeout=limits, preload_content=False
            )
        except self.faults as fault:
            raise Unavailable(f"{self._host} is not reached: {_words(fault)}") from fault
        if response.status < 300:
            return response
        raise self._refusal(response)

    def _identity(self) -> dict[str, str]:
        return {
            each["key"]: each["value"]
            for each in self._settings.auth_settings().values()
            if each["in"] == "header" and each["value"]
        }

    def _refusal(self, response: Any) -> ApiError:
        data = b""
        with suppress(*self.faults):
            data = response.read()
        response.release_conn()
        try:
            status = _object(data)
        except msgspec.DecodeError:
            status = {"message": data[:LONGEST_EXCERPT].decode(errors="replace").strip()}
        return errors.of(response.status, status, response.headers.get("Retry-After") or "")


def _words(fault: Exception) -> str:
    """What was wrong, without the address of an object in memory: the same trouble has the same words."""
    return re.sub(r"<[^<>]* at 0x[0-9a-f]+>:? ?", "", str(fault)) or type(fault).__name__


def _object(data: bytes) -> Object:
    """Raises msgspec.DecodeError for what is none."""
    return msgspec.json.decode(data, type=dict[str, Any])
