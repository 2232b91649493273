"""Requests to a real API server, and what comes of them when it or the way to it is not well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cluster import Server
from nncp_agent.kube import errors
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.resources import LEASES, NAMESPACES, NODES
from tests.cluster import faulty

pytestmark = pytest.mark.cluster


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    made = Api(Access(str(server.kubeconfig())))
    yield made
    made.close()


@pytest.fixture
def proxy(server: Server) -> Iterator[faulty.Proxy]:
    with faulty.between(server) as running:
        yield running


def node(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def test_an_object_is_made_read_changed_and_deleted(api: Api) -> None:
    made = api.create(NODES, node("one"))
    assert api.get(NODES, "one")["metadata"]["uid"] == made["metadata"]["uid"]
    assert api.patch(NODES, "one", {"metadata": {"labels": {"a": "b"}}})["metadata"]["labels"] == {"a": "b"}
    api.delete(NODES, "one")
    with pytest.raises(errors.NotFound):
        api.get(NODES, "one")


def test_what_is_there_already_is_not_made_again(api: Api) -> None:
    api.create(NODES, node("two"))
    with pytest.raises(errors.AlreadyExists):
        api.create(NODES, node("two"))


def test_who_writes_what_has_changed_meanwhile_is_told(api: Api) -> None:
    old = api.create(NODES, node("three"))
    api.patch(NODES, "three", {"metadata": {"labels": {"a": "b"}}})
    with pytest.raises(errors.Conflict):
        api.replace(NODES, old)


def test_who_asks_for_another_object_of_the_same_name_does_not_delete_it(api: Api) -> None:
    api.create(NODES, node("four"))
    with pytest.raises(errors.Conflict):
        api.delete(NODES, "four", uid="00000000-0000-0000-0000-000000000000")


def test_an_apply_makes_an_object_and_then_changes_it(api: Api) -> None:
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "x"}, "spec": {}}
    first = api.apply(LEASES, {**body, "spec": {"holderIdentity": "me"}}, "me", "default")
    again = api.apply(LEASES, {**body, "spec": {"holderIdentity": "other"}}, "another", "default")
    assert first["metadata"]["uid"] == again["metadata"]["uid"]
    assert again["spec"]["holderIdentity"] == "other"


def test_a_list_of_several_pages_is_whole_and_says_what_each_item_is(api: Api) -> None:
    for number in range(520):
        api.create(LEASES, {"metadata": {"name": f"lease{number}", "labels": {"many": "1"}}}, "default")
    before = api.tally().requests.get("list leases", 0)
    found = api.list(LEASES, "default", labels="many=1")
    assert len(found.items) == 520
    assert api.tally().requests["list leases"] == before + 2
    assert {item["kind"] for item in found.items} == {"Lease"}


def test_an_identity_that_may_not_is_told_so(server: Server) -> None:
    with pytest.raises(errors.Forbidden, match='User "nobody" cannot list'):
        Api(Access(str(server.kubeconfig("nobody")))).list(NODES)


@pytest.mark.parametrize(
    ("status", "kind"), [(429, errors.TooManyRequests), (500, errors.Unavailable), (503, errors.Unavailable)]
)
def test_a_busy_server_is_unavailable_and_its_wish_to_be_left_alone_known(
    proxy: faulty.Proxy, status: int, kind: type[errors.ApiError]
) -> None:
    proxy.befall("/namespaces/default", status=status, retry_after="7")
    api = Api(Access(str(proxy.kubeconfig)))
    with pytest.raises(kind) as refused:
        api.get(NAMESPACES, "default")
    assert refused.value.retry_after_s == 7
    assert api.get(NAMESPACES, "default")["metadata"]["name"] == "default"


def test_an_answer_that_does_not_come_is_given_up(proxy: faulty.Proxy) -> None:
    proxy.befall("/namespaces/default", after_s=60)
    with pytest.raises(errors.Unavailable):
        Api(Access(str(proxy.kubeconfig)), answer_s=0.5).get(NAMESPACES, "default")


def test_an_answer_that_breaks_off_is_none(proxy: faulty.Proxy) -> None:
    proxy.befall("/namespaces/default", cut_after=b'"metadata":{')
    with pytest.raises(errors.Unavailable):
        Api(Access(str(proxy.kubeconfig))).get(NAMESPACES, "default")


def test_a_server_that_nobody_is_behind_is_unavailable_and_named(tmp_path: Path, server: Server) -> None:
    nowhere = server.kubeconfig(port=1)
    with pytest.raises(errors.Unavailable, match=r"https://127.0.0.1:1 is not reached: .*refused") as refused:
        Api(Access(str(nowhere))).get(NAMESPACES, "default")
    assert "0x" not in str(refused.value)


def test_a_token_that_was_replaced_in_the_file_is_read_again_when_the_old_one_is_refused(
    server: Server, tmp_path: Path
) -> None:
    mine = tmp_path / "kubeconfig"
    mine.write_text(server.kubeconfig().read_text())
    api = Api(Access(str(mine)))
    api.get(NAMESPACES, "default")
    server.revoke_tokens()
    with pytest.raises(errors.Unauthorized):
        api.get(NAMESPACES, "default")
    mine.write_text(server.kubeconfig().read_text())
    assert api.get(NAMESPACES, "default")["metadata"]["name"] == "default"


@pytest.mark.parametrize("text", ["", "[]", "contexts: 7", "{current-context: lab}", "\0"])
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(errors.NoAccess, match=str(file)):
        Api(Access(str(file))).raw("/version")


def test_a_context_that_the_file_lacks_is_named(server: Server) -> None:
    with pytest.raises(errors.NoAccess, match="nosuch"):
        Api(Access(str(server.kubeconfig()), context="nosuch")).raw("/version")
