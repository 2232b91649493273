"""`hostname`: the kernel's name and that of the file."""

from __future__ import annotations

import pytest

from netkernel.documents import read
from netkernel.files import HOSTNAME
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import File
from netkernel.sysctl import HOSTNAME as RUNNING
from nncp_agent import observe, shown, wire
from nncp_agent.committed import commit
from nncp_agent.components import components
from nncp_agent.errors import InvalidPolicy
from nncp_agent.model import Hostname, NetworkState
from nncp_agent.plan import decide
from nncp_agent.verify import differences
from tests.fake_kernel import FakeKernel
from tests.host_text import policy, read_host

BARE = read_host("links: {eth1: }")


def called(running: str, file: File) -> Host:
    return replace(BARE, sysctls={**BARE.sysctls, RUNNING: running}, files={HOSTNAME: file})


NODE = called("node1", File(b"# mine\nnode1.example.org\n", mode=0o600))


def asks(text: str, host: Host = NODE) -> list[str]:
    return [str(op) for op in decide(policy(f"hostname: {{{text}}}"), host).ops]


def refused(text: str, host: Host = NODE) -> list[str]:
    with pytest.raises(InvalidPolicy) as caught:
        asks(text, host)
    return [str(problem) for problem in caught.value.problems]


def test_the_running_name_changes_alone() -> None:
    assert asks("running: node2") == ["write kernel/hostname node1 -> node2"]
    assert asks("running: node1, config: node1.example.org") == []


def test_a_new_name_in_the_file_is_the_running_one_unless_another_is_asked_for() -> None:
    file = "write /etc/hostname: -node1.example.org; +node2"
    assert asks("config: node2") == ["write kernel/hostname node1 -> node2", file]
    assert asks("config: node2, running: node1") == [file]
    assert asks("config: node2, running: node3") == ["write kernel/hostname node1 -> node3", file]
    assert asks("config: node1.example.org") == []


def test_comments_in_the_file_stay() -> None:
    decision = decide(policy("hostname: {config: node2}"), NODE)
    assert decision.target.files[HOSTNAME] == File(b"# mine\nnode2\n", mode=0o600)


def test_an_empty_config_is_no_file() -> None:
    assert asks("config: ''") == ["delete file /etc/hostname"]
    assert asks("config: ''", called("a", File())) == []
    assert asks("config: ''", called("a", File(b"\n"))) == []


def test_a_symlink_stays_and_what_it_leads_to_is_written() -> None:
    host = called("a", File(link="names/host", mode=0o777))
    host = replace(host, files={**host.files, "/etc/names/host": File(b"a\n")})
    assert asks("config: b, running: a", host) == ["write /etc/names/host: -a; +b"]


@pytest.mark.parametrize("host", [NODE, called("(none)", File()), called("x" * 64, File(b"a b\n")), BARE])
def test_what_is_shown_can_be_asked_for_however_odd_it_is(host: Host) -> None:
    state = observe.present(host)
    assert decide(state, host).ops == ()
    assert ("hostname" in shown.state(host)) == (host is not BARE)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("running: ''", "hostname.running: found '', wanted a name"),
        (f"running: {'x' * 64}", "hostname.running: found 64 bytes, wanted at most 63"),
        (f"config: {'x' * 64}", "hostname.config: found 64 bytes, wanted at most 63"),
        ("config: 'a b'", "hostname.config: found 'a b', wanted a name without blanks and control characters"),
        ("running: '#a'", "hostname.running: found '#a', wanted a name without blanks and control characters"),
    ],
)
def test_a_name_nobody_can_have_is_refused(text: str, problem: str) -> None:
    assert refused(text) == [problem]


def test_a_file_that_cannot_be_replaced_is_refused_before_anything_is_touched() -> None:
    stuck = called("a", File(b"a\n", obstacle="is immutable"))
    assert refused("config: b", stuck) == ["hostname.config: /etc/hostname is immutable"]
    assert asks("running: b", stuck) == ["write kernel/hostname a -> b"]


def test_the_names_of_another_namespace_are_not_touched() -> None:
    (problem,) = refused("config: b", BARE)
    assert problem.startswith("hostname: the namespace is another's")


def test_what_did_not_come_true_is_said() -> None:
    decision = decide(policy("hostname: {running: a, config: ''}"), NODE)
    assert differences(decision, NODE) == (
        "hostname.running: wanted a, found node1",
        "hostname.config: wanted none, found node1.example.org",
    )
    kernel = FakeKernel(NODE)
    kernel.execute(decision.ops)
    assert differences(decision, kernel.snapshot()) == ()


def test_the_name_after_a_restart_is_remembered_and_restored_by_itself() -> None:
    kept = commit(NetworkState(), policy("hostname: {running: a, config: b}"))
    assert kept == NetworkState(hostname=Hostname(config="b"))
    assert components(kept) == (kept,)
    assert commit(kept, policy("hostname: {running: c}")) == kept
    assert commit(kept, policy("hostname: {config: ''}")).hostname == Hostname(config="")


def test_two_documents_may_not_call_the_host_two_things() -> None:
    documents = read("hostname: {running: a}\n---\nhostname: {running: b}", "two.yaml")
    (problem,) = wire.read(documents).problems
    assert str(problem).startswith("two.yaml:3: hostname: found twice and not the same")
    assert wire.read(read("hostname: {running: a}\n---\nhostname: {running: a}")).problems == ()
