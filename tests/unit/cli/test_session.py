"""Which links an SSH session came in by."""

from pathlib import Path

import pytest

from netkernel.host import Host
from netkernel.records import Address, Hop, Route
from nncp_agent.cli.session import connection, links

HOST = Host(
    addresses={
        "eth0": (Address("eth0", "192.0.2.10", 24), Address("eth0", "2001:db8::10", 64)),
        "eth1": (Address("eth1", "198.51.100.10", 24),),
    },
    routes=(
        Route("0.0.0.0/0", (Hop("eth0", "192.0.2.1"),), metric=100),
        Route("0.0.0.0/0", (Hop("eth1", "198.51.100.1"),), metric=200),
        Route("203.0.113.0/24", (Hop("eth1", "198.51.100.1"),)),
        Route("203.0.113.128/25", kind="blackhole"),
    ),
)


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ("198.18.0.1 50000 192.0.2.10 22", {"eth0"}),
        ("203.0.113.5 50000 192.0.2.10 22", {"eth0", "eth1"}),
        ("192.0.2.77 50000 192.0.2.10 22", {"eth0"}),
        ("2001:db8::5 50000 2001:db8:0:0::10 22", {"eth0"}),
        ("::ffff:203.0.113.5 50000 ::ffff:198.51.100.10 22", {"eth1"}),
        ("fe80::1%eth1 50000 fe80::2%eth1 22", {"eth1"}),
        ("198.18.0.1 50000 10.9.9.9 22", {"eth0"}),
        ("nonsense", set()),
        ("a b c d", set()),
        ("", set()),
    ],
)
def test_a_session_comes_in_by_its_own_address_and_leaves_by_the_best_route(session: str, expected: set[str]) -> None:
    assert links(HOST, session) == expected


def process(proc: Path, name: str, parent: int, environ: bytes = b"") -> None:
    (proc / name).mkdir()
    (proc / name / "status").write_text(f"Name:\tx\nPPid:\t{parent}\n")
    (proc / name / "environ").write_bytes(environ)


def test_the_session_is_found_above_a_sudo_that_dropped_it(tmp_path: Path) -> None:
    process(tmp_path, "self", 30)
    process(tmp_path, "30", 20, b"HOME=/root\0")
    process(tmp_path, "20", 1, b"HOME=/home/a\0SSH_CONNECTION=192.0.2.77 5 192.0.2.10 22\0")
    process(tmp_path, "1", 0)
    assert connection({}, str(tmp_path)) == "192.0.2.77 5 192.0.2.10 22"
    assert connection({"SSH_CONNECTION": "own"}, str(tmp_path)) == "own"


def test_a_command_typed_at_the_console_has_no_session(tmp_path: Path) -> None:
    process(tmp_path, "self", 1)
    process(tmp_path, "1", 0)
    assert connection({}, str(tmp_path)) == ""
