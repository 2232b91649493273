"""Name servers that networks give: beside the configured ones, link by link, and gone with the lease."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netkernel.files import RESOLV_CONF
from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.records import Client, File, LinkDns
from nncp_agent import shown
from nncp_agent.dhcp.given import Given, by_link, ops
from nncp_agent.plan import decide
from nncp_agent.shown.dns import Dns
from nncp_agent.verify import differences
from tests.fake_kernel import FakeKernel
from tests.host_text import policy, read_host

HOST = read_host("links: {eth1: {addresses: [192.0.2.2/24]}, eth2: {}}")
STUB = {RESOLV_CONF: File(link="../run/systemd/resolve/stub-resolv.conf", mode=0o777)}


class Lender(Frozen):
    told: Client
    names: Dns


def plain(text: str = "nameserver 192.0.2.1\n") -> Host:
    return replace(HOST, files={RESOLV_CONF: File(text.encode())})


def resolved(**links: LinkDns) -> Host:
    return replace(HOST, files=STUB, resolver={**{name: LinkDns() for name in HOST.links}, **links})


def after(names: dict[str, Dns], host: Host) -> Host:
    kernel = FakeKernel(host)
    kernel.execute(tuple(ops(names, host)))
    return kernel.snapshot()


def section(host: Host) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = shown.state(host)["dns-resolver"]
    return found


NAMES = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::53"]), unique=True, max_size=3)
DOMAINS = st.lists(st.sampled_from(["a.example", "b.example"]), unique=True, max_size=2)
LENT = st.dictionaries(
    st.sampled_from(["eth1", "eth2"]), st.builds(lambda a, b: Dns(tuple(a), tuple(b)), NAMES, DOMAINS)
)
HOSTS = st.sampled_from([plain(), plain("search a.example\nnameserver 192.0.2.2\n"), resolved(), plain("")])


@given(HOSTS, LENT, LENT)
def test_what_is_lent_is_running_and_what_is_configured_stays_so(
    host: Host, lent: dict[str, Dns], then: dict[str, Dns]
) -> None:
    held = after(lent, host)
    assert section(held)["config"] == section(host)["config"]
    given = {server for each in lent.values() for server in each.server}
    assert given <= set(section(held)["running"].get("server", ()))
    assert tuple(ops(lent, held)) == ()
    assert after(then, held) == after(then, host)
    assert after({}, held) == host


@given(HOSTS, LENT, NAMES)
def test_a_policy_changes_what_is_configured_beside_what_is_lent(
    host: Host, lent: dict[str, Dns], wanted: list[str]
) -> None:
    held = after(lent, host)
    asked = policy(f"dns-resolver: {{config: {{server: [{', '.join(map(repr, wanted))}]}}}}")
    decision = decide(asked, held)
    kernel = FakeKernel(held)
    kernel.execute(decision.ops)
    host = after(lent, kernel.snapshot())  # whoever keeps the leases looks again
    assert differences(decision, host) == ()
    assert section(host)["config"].get("server", []) == wanted
    assert decide(asked, host).ops == ()
    assert decide(policy("interfaces: []"), host).ops == ()


def test_all_clients_of_a_link_give_each_name_once() -> None:
    six = Lender(Client("eth1", 6), Dns(("2001:db8::53", "192.0.2.53"), ("b.example",)))
    four = Lender(Client("eth1", 4), Dns(("192.0.2.53",), ("a.example",)))
    without = Lender(Client("eth2", 4), Dns())
    assert by_link([six, without, four]) == {"eth1": Dns(("192.0.2.53", "2001:db8::53"), ("a.example", "b.example"))}


def test_what_systemd_networkd_configures_is_left_to_it() -> None:
    host = resolved(eth1=LinkDns(("192.0.2.9",), is_networkds=True))
    assert tuple(ops({"eth1": Dns(("192.0.2.53",))}, host)) == ()


def test_what_somebody_overwrote_is_put_again_when_he_says_so() -> None:
    kernel = FakeKernel(plain())
    keeper = Given(kernel)
    lenders = [Lender(Client("eth1", 4), Dns(("192.0.2.53",)))]
    keeper.put(lenders, again=False)
    held = kernel.snapshot()
    kernel.execute(tuple(ops({}, held)))
    keeper.put(lenders, again=False)
    assert kernel.snapshot() == plain()
    keeper.put(lenders, again=True)
    assert kernel.snapshot() == held
