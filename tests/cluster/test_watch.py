"""What a reflector knows is what the server has, whatever happens to it or to the way there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from lab.cluster import Server, until
from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.lease import Elector, Heartbeat
from nncp_agent.kube.resources import LEASES, NAMESPACES, NODES
from nncp_agent.kube.watch import Reflector
from tests.cluster import faulty

pytestmark = pytest.mark.cluster


@pytest.fixture
def proxy(server: Server) -> Iterator[faulty.Proxy]:
    with faulty.between(server) as running:
        yield running


@pytest.fixture
def admin(server: Server) -> Api:
    """Not through the proxy."""
    return Api(Access(str(server.kubeconfig())))


@pytest.fixture
def watching(proxy: faulty.Proxy) -> Iterator[Callable[..., Reflector]]:
    with ExitStack() as running:

        def start(**selectors: str) -> Reflector:
            made = Reflector(Api(Access(str(proxy.kubeconfig)), answer_s=5), NODES, **selectors)  # type: ignore[arg-type]
            made.start()
            running.callback(made.stop)
            assert made.wait_until_synced(30)
            return made

        yield start


def names(reflector: Reflector) -> list[str]:
    return [item["metadata"]["name"] for item in reflector.items()]


def make(admin: Api, name: str, **labels: str) -> None:
    admin.create(NODES, {"metadata": {"name": name, "labels": labels}})


def relabel(admin: Api, name: str, **labels: str) -> None:
    admin.patch(NODES, name, {"metadata": {"labels": labels}})


def test_what_is_made_changed_and_deleted_is_known_at_once(
    admin: Api, watching: Callable[..., Reflector], proxy: faulty.Proxy
) -> None:
    reflector = watching()
    until(lambda: proxy.count("watch=1"), "a watch")
    make(admin, "made")
    until(lambda: reflector.get("made"), "the node is known")
    relabel(admin, "made", a="b")
    until(lambda: reflector.get("made")["metadata"].get("labels"), "its label is known")  # type: ignore[index]
    assert "managedFields" not in reflector.items()[0]["metadata"]
    assert reflector.items()[0]["kind"] == "Node"
    admin.delete(NODES, "made")
    until(lambda: not reflector.get("made"), "it is known to be gone")
    assert proxy.count("watch=1") == 1


def test_only_what_was_selected_is_known(admin: Api, watching: Callable[..., Reflector]) -> None:
    make(admin, "mine", role="a")
    make(admin, "yours", role="b")
    by_name, by_label = watching(fields="metadata.name=mine"), watching(labels="role=b")
    assert (names(by_name), names(by_label)) == (["mine"], ["yours"])
    relabel(admin, "mine", role="b")
    relabel(admin, "yours", role="a")
    until(lambda: names(by_label) == ["mine"], "who is labelled otherwise leaves and comes")


def test_a_watch_that_is_cut_in_the_middle_of_an_event_loses_nothing(
    admin: Api, watching: Callable[..., Reflector], proxy: faulty.Proxy
) -> None:
    cut = proxy.befall("watch=1", cut_after=b'"name":"cut')
    reflector = watching()
    until(lambda: proxy.count("watch=1"), "a watch")
    make(admin, "cut-here")
    assert cut.befell.wait(30)
    until(lambda: reflector.get("cut-here"), "what was cut is known")


def test_a_version_that_the_server_has_forgotten_makes_it_list_anew(
    admin: Api, watching: Callable[..., Reflector], proxy: faulty.Proxy
) -> None:
    gone = proxy.befall("watch=1", status=410)
    reflector = watching()
    assert gone.befell.wait(30)
    make(admin, "after-gone")
    until(lambda: reflector.get("after-gone"), "it goes on")
    assert reflector.lists == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_refuses_for_a_while_is_asked_again(
    admin: Api, watching: Callable[..., Reflector], proxy: faulty.Proxy, status: int
) -> None:
    refused = proxy.befall("/nodes", times=4, status=status)
    reflector = watching()
    make(admin, f"after-{status}")
    until(lambda: reflector.get(f"after-{status}"), "it goes on")
    assert refused.times == 0


def test_a_server_that_wants_to_be_left_alone_is(watching: Callable[..., Reflector], proxy: faulty.Proxy) -> None:
    proxy.befall("/nodes", status=429, retry_after="2")
    asked: list[float] = []
    began = threading.Timer(1.0, lambda: asked.append(proxy.count("/nodes")))
    began.start()
    watching()
    began.join()
    assert asked == [1]


def test_an_answer_that_does_not_come_is_asked_for_again(
    watching: Callable[..., Reflector], proxy: faulty.Proxy
) -> None:
    proxy.befall("/nodes?limit", after_s=60)
    assert watching().synced


def test_a_watch_that_is_stopped_ends_at_once(server: Server) -> None:
    reflector = Reflector(Api(Access(str(server.kubeconfig()))), NODES)
    reflector.start()
    assert reflector.wait_until_synced(30)
    ended = threading.Thread(target=reflector.stop)
    ended.start()
    ended.join(10)
    assert not ended.is_alive()


def test_a_server_that_was_killed_is_watched_again_when_it_is_back(server: Server, admin: Api) -> None:
    reflector = Reflector(admin, NODES)
    reflector.start()
    assert reflector.wait_until_synced(30)
    server.kill_api()
    before = names(reflector)
    server.start_api()
    make(admin, "after-restart")
    until(lambda: reflector.get("after-restart"), "it goes on")
    assert set(before) < set(names(reflector))
    reflector.stop()


def test_a_store_that_was_wiped_is_believed_and_a_heartbeat_notices(server: Server, admin: Api) -> None:
    reflector = Reflector(admin, NAMESPACES)
    forgotten = threading.Event()
    heart = Heartbeat(admin, "beat", "default", "me", {"a": "b"}, lost=forgotten.set, every_s=0.2)
    for each in (reflector, heart):
        each.start()
    server.kubectl("create", "namespace", "lost")
    until(lambda: reflector.get("lost"), "the namespace is known")
    until(lambda: server.kubectl("get", "lease", "beat", check=False).count("me"), "a lease")
    server.wipe()
    until(lambda: not reflector.get("lost"), "it is known to be gone")
    server.kubectl("create", "namespace", "new")
    until(lambda: reflector.get("new"), "it goes on with another history")
    assert forgotten.wait(30)
    heart.stop()
    reflector.stop()


def test_one_leads_and_the_next_follows_at_once_when_it_goes(admin: Api) -> None:
    first, second = (Elector(admin, "leader", "default", name, duration_s=6) for name in ("first", "second"))
    first.start()
    until(lambda: first.leads, "the first leads")
    second.start()
    first.stop()
    until(lambda: second.leads, "the second leads")
    assert not first.leads
    second.stop()


def test_a_leader_that_died_is_followed_when_its_time_is_over(admin: Api) -> None:
    admin.create(
        LEASES,
        {"metadata": {"name": "dead"}, "spec": {"holderIdentity": "gone", "leaseDurationSeconds": 2}},
        "default",
    )
    elector = Elector(admin, "dead", "default", "me", duration_s=4)
    elector.start()
    until(lambda: elector.leads, "it leads")
    elector.stop()
