"""Checks are chosen by what the host has, run at the same time, and end at the first answer."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest

from netkernel.errors import NetworkError
from netkernel.files import RESOLV_CONF
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Address, File, Hop, Link, Route
from nncp_agent.checks import tcp
from nncp_agent.checks.base import Check, Probe, Question
from nncp_agent.checks.choice import choose
from nncp_agent.checks.gateway import Gateway, default_legs
from nncp_agent.checks.name_server import NameServer, name_servers
from nncp_agent.checks.runner import answering
from nncp_agent.checks.tcp import Tcp
from nncp_agent.model import NetworkState, RouteEntry, Routes, State


class Fake:
    """A check that is answered or not, and remembers how long it was allowed to take."""

    def __init__(self, answers: bool) -> None:
        self.answers = answers
        self.allowed_s: list[float] = []

    def describe(self) -> str:
        return "fake"

    def try_once(self, timeout_s: float) -> bool:
        self.allowed_s.append(timeout_s)
        return self.answers


class Deaf(Fake):
    """A probe that cannot even ask."""

    def ask(self) -> Sequence[Question]:
        raise OSError("Network is unreachable")


@contextmanager
def listening() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


@contextmanager
def answering_dns(code: int) -> Iterator[int]:
    """A name server that answers one question with response code `code`."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            question, asker = server.recvfrom(512)
            server.sendto(question[:2] + bytes((0x81, 0x80 | code)) + question[4:], asker)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


ETH0 = Link("eth0", attrs={"up": True, "address": "02:00:00:00:00:01"}, index=2)
BR1 = Link("br1", "bridge", attrs={"up": True, "address": "02:00:00:00:00:01"}, index=3)
HOST = Host(
    links={"eth0": ETH0, "br1": BR1},
    addresses={"eth0": (Address("eth0", "198.51.100.9", 24), Address("eth0", "192.0.2.9", 24))},
    routes=(
        Route("0.0.0.0/0", (Hop("eth0", "192.0.2.1"),), metric=100),
        Route("0.0.0.0/0", (Hop("br1", "203.0.113.1"),), metric=200),
        Route("0.0.0.0/0", (Hop("eth0", "192.0.2.254"),), table=100),
    ),
)


def test_the_gateway_is_that_of_the_preferred_default_route_of_the_main_table() -> None:
    assert default_legs(HOST, 4) == ((ETH0, "192.0.2.1", "192.0.2.9"),)


def test_every_leg_of_an_ecmp_default_route_is_asked() -> None:
    route = Route("0.0.0.0/0", (Hop("eth0", "192.0.2.1"), Hop("br1", "203.0.113.1")))
    legs = default_legs(Host(links=HOST.links, routes=(route,)), 4)
    assert [(leg.link.name, leg.gateway, leg.source) for leg in legs] == [
        ("eth0", "192.0.2.1", ""),
        ("br1", "203.0.113.1", ""),
    ]


def test_a_default_route_without_a_gateway_has_nobody_to_ask() -> None:
    assert default_legs(Host(links=HOST.links, routes=(Route("::/0", (Hop("eth0"),)),)), 6) == ()


def test_gateways_and_name_servers_of_the_host_are_chosen() -> None:
    chosen = choose(HOST, HOST, NetworkState(), lambda: HOST, lambda: "nameserver 192.0.2.53\n")
    assert [check.describe() for check in chosen] == ["IPv4 default gateway", "name server 192.0.2.53"]


def test_a_default_route_the_policy_takes_away_is_not_checked() -> None:
    absent = RouteEntry(state=State.ABSENT, destination="0.0.0.0/0")
    desired = NetworkState(routes=Routes(config=(absent,)))
    assert choose(HOST, Host(links=HOST.links), desired, lambda: HOST, str) == ()


def test_a_default_route_that_goes_with_its_address_is_checked_and_missed() -> None:
    bare = Host(links=HOST.links)
    (check,) = choose(HOST, bare, NetworkState(), lambda: bare, str)
    assert check.describe() == "IPv4 default gateway"
    assert check.try_once(0.01) is False


def test_a_resolver_reads_three_name_servers_and_ignores_the_rest() -> None:
    text = """
    # nameserver 192.0.2.1
    search example.org
    nameserver 192.0.2.2
    nameserver 192.0.2.2
    nameserver nonsense
    nameserver
    nameserver fe80::1%eth0
    nameserver 192.0.2.4
    """
    assert name_servers(text) == ("192.0.2.2", "fe80::1%eth0")


def test_an_endpoint_that_takes_connections_is_reached() -> None:
    with listening() as port:
        assert Tcp("127.0.0.1", port).try_once(5)


def test_an_endpoint_that_refuses_is_not_reached_within_the_time() -> None:
    with listening() as port:
        pass
    assert not Tcp("127.0.0.1", port).try_once(0.1)


def test_all_checks_share_the_time() -> None:
    with listening() as port:
        pass
    times = iter([0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 2.0, *[2.0] * 20])
    refused: list[Check] = [Tcp("127.0.0.1", port) for _ in range(50)]
    assert answering(refused, 2.0, clock=lambda: next(times)) == ()


@pytest.mark.parametrize(("code", "reached"), [(0, True), (5, True), (2, False)])
def test_a_name_server_is_reached_unless_it_is_a_stub_with_nobody_behind(code: int, reached: bool) -> None:
    with answering_dns(code) as port:
        assert NameServer("127.0.0.1", port=port).try_once(5.0 if reached else 0.3) is reached


def test_those_that_answer_are_told_from_those_that_do_not() -> None:
    with listening() as port:
        good, bad, deaf, fake = Tcp("127.0.0.1", port), Tcp("127.0.0.1", 1), Deaf(True), Fake(True)
        assert isinstance(deaf, Probe)
        assert answering([bad, good, deaf, fake], 0.1) == (good, fake)


def test_a_check_that_shares_no_selector_gets_what_is_left_of_the_time() -> None:
    fake = Fake(False)
    assert answering([fake], 120) == ()
    assert 119 < fake.allowed_s[0] <= 120


def test_a_probe_that_cannot_ask_now_is_no_error() -> None:
    missing = Link("no-such-link", attrs=ETH0.attrs)
    host = Host(links={missing.name: missing}, routes=(Route("0.0.0.0/0", (Hop(missing.name, "192.0.2.1"),)),))
    assert not Gateway(4, lambda: host).try_once(0.05)


@pytest.mark.parametrize(
    "text", ["", "tcp://", "tcp://192.0.2.1", "udp://192.0.2.1:53", "tcp://192.0.2.1:99999", "tcp://192.0.2.1:80/x"]
)
def test_an_endpoint_that_is_no_endpoint_is_refused_with_words(text: str) -> None:
    with pytest.raises(NetworkError, match="check "):
        tcp.parse(text)


@pytest.mark.parametrize("text", ["tcp://192.0.2.1:6443", "tcp://[2001:db8::1]:6443"])
def test_an_endpoint_is_called_what_the_user_called_it(text: str) -> None:
    assert tcp.parse(text).describe() == text


def test_who_is_not_hopeful_does_not_wait_for_what_cannot_be_asked_or_is_turned_away() -> None:
    now = time.monotonic()
    assert answering([Deaf(True), Tcp("127.0.0.1", 1)], 30, hopeful=False) == ()
    assert time.monotonic() - now < 10


def test_where_name_servers_change_any_of_those_in_force_must_answer() -> None:
    old, new = (replace(HOST, files={RESOLV_CONF: File(f"nameserver {each}".encode())}) for each in ("::1", "::2"))
    (*_, check) = choose(old, new, NetworkState(), lambda: old, lambda: "nameserver 192.0.2.53\n")
    assert check.describe() == "name servers"
    none = replace(HOST, files={RESOLV_CONF: File(b"")})
    assert all("name server" not in each.describe() for each in choose(old, none, NetworkState(), lambda: old, str))
    (*_, one) = choose(old, old, NetworkState(), lambda: old, lambda: "nameserver 192.0.2.53\n")
    assert one.describe() == "name server 192.0.2.53"
