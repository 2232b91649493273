"""`dns-resolver`: /etc/resolv.conf with what is configured in it, and everything else as it was."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from netkernel.files import RESOLV_CONF
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import File
from nncp_agent import observe, shown
from nncp_agent.committed import commit
from nncp_agent.components import components
from nncp_agent.errors import InvalidPolicy
from nncp_agent.model import NetworkState
from nncp_agent.name_servers import blocks, rewritten, with_dynamic
from nncp_agent.plan import decide
from nncp_agent.shown.dns import BEGIN, END, Dns
from nncp_agent.verify import differences
from tests.host_text import policy, read_host

BARE = read_host("links: {eth1: {addresses: ['fe80::5/64']}, eth2: {addresses: ['fe80::6/64']}}")
MINE = """\
# kept by hand
domain example.org
nameserver 192.0.2.1
sortlist 192.0.2.0/24
options ndots:2
nameserver 2001:DB8::1
"""


def with_file(text: str | None, **facts: str) -> Host:
    return replace(BARE, files={RESOLV_CONF: File(None if text is None else text.encode(), **facts)})  # type: ignore[arg-type]


NODE = with_file(MINE)


def after(config: str, host: Host = NODE) -> str:
    """The text of the file with this configuration."""
    target = decide(policy(f"dns-resolver: {{config: {{{config}}}}}"), host).target
    return (target.files[RESOLV_CONF].content or b"nothing").decode()


def refused(config: str, host: Host = NODE) -> list[str]:
    with pytest.raises(InvalidPolicy) as caught:
        after(config, host)
    return [str(problem) for problem in caught.value.problems]


def asked(config: str, host: Host) -> list[str]:
    return [str(op) for op in decide(policy(f"dns-resolver: {{config: {{{config}}}}}"), host).ops]


def test_what_is_shown_can_be_asked_for_and_changes_nothing() -> None:
    lists = {"server": ["192.0.2.1", "2001:db8::1"], "search": ["example.org"], "options": ["ndots:2"]}
    assert shown.state(NODE)["dns-resolver"] == {"running": lists, "config": lists}
    odd = with_file("options nonsense\nnameserver here\nsearch .\n")
    for host in (NODE, with_file(None), with_file(""), odd, BARE):
        assert decide(observe.present(host), host).ops == ()


def test_servers_and_domains_are_shown_together_and_nothing_configured_is_nothing() -> None:
    one = {"server": ["192.0.2.1"], "search": []}
    assert shown.state(with_file("nameserver 192.0.2.1\n"))["dns-resolver"] == {"running": one, "config": one}
    only_options = {"server": [], "search": [], "options": ["rotate"]}
    assert shown.state(with_file("options rotate\n"))["dns-resolver"]["config"] == only_options
    none = {"running": {"server": [], "search": []}, "config": {}}
    assert shown.state(with_file(""))["dns-resolver"] == shown.state(with_file(None))["dns-resolver"] == none


def test_a_list_replaces_its_lines_where_they_stood_and_nothing_else() -> None:
    without_second = MINE.replace("nameserver 2001:DB8::1\n", "")
    assert after("server: ['192.0.2.2']") == without_second.replace("192.0.2.1", "192.0.2.2")
    assert after("search: [a.example, b.example]") == MINE.replace("domain example.org", "search a.example b.example")
    assert after("options: [rotate, 'timeout:1']") == MINE.replace("ndots:2", "rotate timeout:1")
    assert after("server: [192.0.2.1, '2001:db8::1'], search: [example.org]") == MINE


def test_an_empty_list_is_cleared_and_an_empty_config_clears_all() -> None:
    assert after("search: []") == MINE.replace("domain example.org\n", "")
    assert after("") == "# kept by hand\nsortlist 192.0.2.0/24\n"
    assert decide(policy("dns-resolver: {}"), NODE).ops == ()
    assert asked("", with_file(None)) == []


def test_a_file_that_is_not_there_is_made_in_nmstates_order() -> None:
    made = after("server: [192.0.2.1], search: [a.example], options: [rotate]", with_file(None))
    assert made == "options rotate\nsearch a.example\nnameserver 192.0.2.1\n"


def test_the_same_server_twice_is_one() -> None:
    assert after("server: [192.0.2.9, '192.0.2.9']", with_file(None)) == "nameserver 192.0.2.9\n"


def test_mode_and_owner_of_the_file_stay() -> None:
    host = replace(BARE, files={RESOLV_CONF: File(b"", mode=0o600, owner=7, group=8)})
    decision = decide(policy("dns-resolver: {config: {server: [192.0.2.1]}}"), host)
    assert decision.target.files[RESOLV_CONF] == File(b"nameserver 192.0.2.1\n", mode=0o600, owner=7, group=8)


def linked(*chain: str) -> Host:
    """The file behind symlinks; the last place has a server."""
    links = {path: File(link=to, mode=0o777) for path, to in zip((RESOLV_CONF, *chain), chain, strict=False)}
    return replace(BARE, files={**links, chain[-1]: File(b"nameserver 192.0.2.1\n")})


def test_a_symlink_stays_and_what_it_leads_to_is_written() -> None:
    assert asked("server: [192.0.2.2]", linked("/etc/resolv.mine")) == [
        "write /etc/resolv.mine: -nameserver 192.0.2.1; +nameserver 192.0.2.2"
    ]


def test_a_symlink_to_what_a_program_keeps_becomes_a_file_and_that_is_said_before() -> None:
    managed = linked("/run/NetworkManager/resolv.conf")
    decision = decide(policy("dns-resolver: {config: {search: [a.example]}}"), managed)
    assert [str(op) for op in decision.ops] == [
        "write /etc/resolv.conf instead of the link to /run/NetworkManager/resolv.conf: "
        "+nameserver 192.0.2.1; +search a.example"
    ]
    (warning,) = decision.warnings
    assert str(warning).startswith("dns-resolver: /etc/resolv.conf leads to /run/NetworkManager/resolv.conf")


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("server: [dns.example]", "config.server[0]: found 'dns.example', wanted an IP address like"),
        ("server: [192.0.2.1, 192.0.2.3/24]", "config.server[1]: found '192.0.2.3/24', wanted an IP address"),
        ("server: ['192.0.2.3%eth1']", "config.server[0]: found 192.0.2.3%eth1: only link-local addresses are of one"),
        ("server: ['fe80::1%eth7']", "config.server[0]: eth7 is not on this host and is made by no file given"),
        (
            "server: ['fe80::1%eth1', 'fe80::1%eth2']",
            "config.server: link-local servers of eth1 and eth2: wanted",
        ),
        ("search: ['a b']", "config.search[0]: found 'a b', wanted a domain without blanks"),
        ("search: ['']", "config.search[0]: found '', wanted a domain without blanks"),
        ("options: [rotates]", "config.options[0]: found 'rotates', wanted one of debug, edns0"),
        ("options: [ndots]", "config.options[0]: found 'ndots', wanted a number after it, like ndots:2"),
        ("options: ['ndots:x']", "config.options[0]: found 'ndots:x', wanted a number after it, like ndots:2"),
        ("options: ['rotate:1']", "config.options[0]: found 'rotate:1', wanted no number after it"),
    ],
)
def test_what_no_resolver_understands_is_refused(config: str, problem: str) -> None:
    (found,) = refused(config)
    assert found.startswith(f"dns-resolver.{problem}")


def test_a_file_that_cannot_be_replaced_is_refused_before_anything_is_touched() -> None:
    stuck = with_file(MINE, obstacle="is immutable")
    assert refused("server: []", stuck) == ["dns-resolver: /etc/resolv.conf is immutable"]
    assert asked("options: ['ndots:2']", stuck) == []


def test_a_link_local_server_may_be_of_an_interface_that_is_made_by_the_same_policy() -> None:
    text = """{interfaces: [{name: d0, type: dummy, ipv6: {enabled: true}}],
        dns-resolver: {config: {server: ['fe80::1%d0']}}}"""
    assert str(decide(policy(text), with_file(None)).ops[-1]) == "write /etc/resolv.conf: +nameserver fe80::1%d0"


def test_servers_that_nobody_asks_are_warned_about() -> None:
    decision = decide(policy("dns-resolver: {config: {server: [192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4]}}"), NODE)
    assert [str(each) for each in decision.warnings] == [
        "dns-resolver.config.server: most resolvers ask the first 3 only, and not 192.0.2.4"
    ]


def test_what_did_not_come_true_is_said() -> None:
    decision = decide(policy("dns-resolver: {config: {server: [], search: [a.example]}}"), NODE)
    assert differences(decision, NODE) == (
        "dns-resolver.config.server: wanted none, found 192.0.2.1, 2001:db8::1",
        "dns-resolver.config.search: wanted a.example, found example.org",
    )
    assert differences(decision, decision.target) == ()


def test_each_list_is_remembered_by_itself_until_all_are_cleared() -> None:
    one = commit(NetworkState(), policy("dns-resolver: {config: {server: [192.0.2.1], search: [a.example]}}"))
    assert components(one) == (one,)
    two = commit(one, policy("dns-resolver: {config: {search: []}}"))
    assert two == policy("dns-resolver: {config: {server: [192.0.2.1], search: []}}")
    assert commit(two, policy("dns-resolver: {config: {}}")) == NetworkState()
    assert commit(two, policy("interfaces: []")).dns_resolver == two.dns_resolver


def given(host: Host, link: str, what: Dns) -> Host:
    return replace(host, files=with_dynamic(host.files, link, what))


def test_servers_from_the_network_are_running_and_not_configured() -> None:
    host = given(NODE, "eth1", Dns(server=("192.0.2.9", "192.0.2.1"), search=("lan.example",)))
    assert (host.files[RESOLV_CONF].content or b"").decode() == (
        f"{MINE}{BEGIN}eth1\nsearch example.org lan.example\nnameserver 192.0.2.9\n{END}\n"
    )
    section = shown.state(host)["dns-resolver"]
    assert section["running"]["server"] == ["192.0.2.1", "2001:db8::1", "192.0.2.9"]
    assert section["running"]["search"] == ["example.org", "lan.example"]
    assert section["config"] == shown.state(NODE)["dns-resolver"]["config"]
    assert decide(observe.present(host), host).ops == ()
    assert given(host, "eth1", Dns()).files == NODE.files


def test_each_link_has_its_own_servers_from_the_network() -> None:
    one = given(with_file(None), "eth1", Dns(server=("192.0.2.9",), search=("lan.example",)))
    two = given(one, "eth2", Dns(server=("198.51.100.9",), search=("wan.example",)))
    assert shown.state(two)["dns-resolver"]["running"]["search"] == ["lan.example", "wan.example"]
    assert blocks(two.files[RESOLV_CONF].lines) == {
        "eth1": Dns(server=("192.0.2.9",), search=("lan.example",)),
        "eth2": Dns(server=("198.51.100.9",), search=("wan.example",)),
    }
    left = given(two, "eth1", Dns())
    assert left.files[RESOLV_CONF].lines == (f"{BEGIN}eth2", "search wan.example", "nameserver 198.51.100.9", END)
    assert given(left, "eth2", Dns()).files[RESOLV_CONF].content == b""


def test_servers_from_the_network_stay_behind_what_is_configured() -> None:
    host = given(with_file(None), "eth1", Dns(server=("192.0.2.9",), search=("lan.example",)))
    assert after("server: [192.0.2.2], search: [a.example]", host) == (
        f"search a.example\nnameserver 192.0.2.2\n"
        f"{BEGIN}eth1\nsearch a.example lan.example\nnameserver 192.0.2.9\n{END}\n"
    )


def others(lines: list[str]) -> list[str]:
    """The lines that are none of ours."""
    return [line for line in lines if not shown.dns.meant(line)[0]]


words = st.lists(st.sampled_from(("192.0.2.1", "192.0.2.2", "2001:db8::1")), unique=True, max_size=3).map(tuple)
domains = st.lists(st.sampled_from(("a.example", "b.example")), unique=True, max_size=2).map(tuple)
options = st.lists(st.sampled_from(("rotate", "ndots:2")), unique=True, max_size=2).map(tuple)
lists = st.builds(Dns, words, domains, options)
texts = st.lists(
    st.sampled_from((
        "# a comment", "", "; another", "nameserver 192.0.2.1", "nameserver 192.0.2.7", "search c.example", "domain d",
        "options rotate", "sortlist 192.0.2.0", "nameserver", "options", "search",
    )),
    max_size=8,
)  # fmt: skip


@hypothesis.given(texts, lists, lists)
def test_any_file_takes_any_lists_keeps_the_rest_and_gives_them_again(text: list[str], static: Dns, more: Dns) -> None:
    lines = rewritten(text, static, {"eth1": more})
    assert shown.dns.config(lines) == static
    assert set(more.server) <= set(shown.dns.running(lines).server)
    assert rewritten(lines, static, blocks(lines)) == lines
    bare = rewritten(lines, None, {})
    assert shown.dns.config(bare) == static
    assert others(bare) == others(text)


def test_the_files_of_another_namespace_are_not_touched() -> None:
    (problem,) = refused("server: []", BARE)
    assert problem.startswith("dns-resolver: the namespace is another's")
