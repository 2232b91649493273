"""The YAML writer: what it writes, every reader reads back as it was."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from netkernel import documents
from netkernel.documents.yaml_writer import write

TRAPS = ["on", "No", "y", "null", "~", "", "010", "1_000", "0x1f", "1e5", "1.5", ".5", "-1", "+1", "11:22:33:44:55:06"]
TRAPS += [
    "2001-12-14",
    "2001:db8::",
    "::",
    "a: b",
    "a #b",
    "- a",
    "<<",
    "=",
    "*a",
    "&a",
    "!a",
    "'",
    '"',
    "\n",
    "é",
    " ",
]
TRAPS += [
    "a ",
    " a",
    "[a]",
    "{a}",
    "a:",
    "?",
    "? a",
    "%a",
    "@a",
    "`a",
    "a\tb",
    "\x85",
    "\u2028",
    "true",
    "TRUE",
    ".inf",
]
TRAPS += ["0o10", "0b1", "190:20:30", "1__", "_1", ".", "..", "---", "...", ",", "1,2", "12e03", "1.e1", "a\u00e9\x7f"]

TEXT = st.sampled_from(TRAPS) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\u00a0"))
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(VALUE.filter(lambda value: value is not None))
def test_our_reader_reads_back_what_was_written(value: object) -> None:
    (document,) = documents.read(write(value))
    assert document.value == value


@given(st.dictionaries(TEXT.filter(lambda key: key not in ("<<", "=")), VALUE, min_size=1))
def test_a_yaml_1_1_reader_reads_the_same(value: object) -> None:
    assert yaml.safe_load(write(value)) == value


def test_it_looks_as_a_person_would_write_it() -> None:
    state = {
        "interfaces": [
            {"name": "eth0", "mac-address": "52:54:00:AB:00:01", "mtu": 1500, "ipv4": {"enabled": False}},
            {"name": "vlan 7", "mac-address": "52:54:00:12:34:56", "bridge": {"port": [], "options": {}}},
        ],
        "routes": {"config": [{"destination": "2001:db8::/32", "next-hop-address": "::"}]},
        "ports": [["eth1", "eth2"], "802.3ad"],
    }
    assert write(state) == (
        "interfaces:\n"
        "- name: eth0\n"
        "  mac-address: 52:54:00:AB:00:01\n"
        "  mtu: 1500\n"
        "  ipv4:\n"
        "    enabled: false\n"
        "- name: vlan 7\n"
        '  mac-address: "52:54:00:12:34:56"\n'
        "  bridge:\n"
        "    port: []\n"
        "    options: {}\n"
        "routes:\n"
        "  config:\n"
        "  - destination: 2001:db8::/32\n"
        '    next-hop-address: "::"\n'
        "ports:\n"
        "- - eth1\n"
        "  - eth2\n"
        "- 802.3ad\n"
    )


@pytest.mark.parametrize("value", [{}, [], "", 0])
def test_small_things_are_documents_too(value: object) -> None:
    assert documents.read(write(value))[0].value == value
