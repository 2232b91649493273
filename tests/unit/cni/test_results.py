"""Results in every version: what one version cannot say is lost, everything else comes back."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni.types.errors import CniError
from cni.types.results import Dns, Interface, Ip, Result, Route, read, replace, version_of, written
from cni.types.versions import SUPPORTED, is_at_least

GO = "json: cannot unmarshal"
FULL = Result(
    interfaces=(
        Interface("br1", "02:00:00:00:00:01", 1500),
        Interface("net1", "02:00:00:00:00:02", 1450, "/run/netns/a", "/run/s", "0000:00:01.0"),
    ),
    ips=(Ip("10.1.2.3/24", "10.1.2.1", 1), Ip("fd00::3/64", "", 0), Ip("10.9.9.9/8")),
    routes=(
        Route("0.0.0.0/0", "10.1.2.1"),
        Route("fd01::/16", "", 1400, 1300, 7, 100, 253),
        Route("10.0.0.0/8", table=0),
    ),
    dns=Dns(("1.1.1.1",), "example.org", ("a.example",), ("ndots:2",)),
)


def test_the_newest_form_says_everything() -> None:
    assert written(FULL, "1.1.0") == {
        "cniVersion": "1.1.0",
        "interfaces": [
            {"name": "br1", "mac": "02:00:00:00:00:01", "mtu": 1500},
            {
                "name": "net1",
                "mac": "02:00:00:00:00:02",
                "mtu": 1450,
                "sandbox": "/run/netns/a",
                "socketPath": "/run/s",
                "pciID": "0000:00:01.0",
            },
        ],
        "ips": [
            {"interface": 1, "address": "10.1.2.3/24", "gateway": "10.1.2.1"},
            {"interface": 0, "address": "fd00::3/64"},
            {"address": "10.9.9.9/8"},
        ],
        "routes": [
            {"dst": "0.0.0.0/0", "gw": "10.1.2.1"},
            {"dst": "fd01::/16", "mtu": 1400, "advmss": 1300, "priority": 7, "table": 100, "scope": 253},
            {"dst": "10.0.0.0/8", "table": 0},
        ],
        "dns": {
            "nameservers": ["1.1.1.1"],
            "domain": "example.org",
            "search": ["a.example"],
            "options": ["ndots:2"],
        },
    }


def test_the_forms_of_0_3_have_a_version_at_addresses_and_always_a_dns() -> None:
    made = written(replace(FULL, dns=Dns()), "0.3.1")
    assert [each["version"] for each in made["ips"]] == ["4", "6", "4"]
    assert made["interfaces"][1] == {"name": "net1", "mac": "02:00:00:00:00:02", "sandbox": "/run/netns/a"}
    assert made["dns"] == {}
    assert "dns" not in written(replace(FULL, dns=Dns()), "1.0.0")


def test_the_oldest_forms_have_the_first_address_of_a_family_with_its_routes() -> None:
    made = written(FULL, "0.2.0")
    assert made["ip4"] == {
        "ip": "10.1.2.3/24",
        "gateway": "10.1.2.1",
        "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.2.1"}, {"dst": "10.0.0.0/8"}],
    }
    assert made["ip6"] == {"ip": "fd00::3/64", "routes": [{"dst": "fd01::/16"}]}


def test_the_oldest_forms_cannot_do_without_an_address() -> None:
    with pytest.raises(CniError, match="cannot convert: no valid IP addresses"):
        written(Result((Interface("net1"),)), "0.2.0")


@pytest.mark.parametrize("version", SUPPORTED)
def test_what_was_written_is_read_again_and_written_the_same(version: str) -> None:
    once = written(FULL, version)
    assert written(read(once, version), version) == once
    assert version_of(once) == version
    if is_at_least(version, "1.0.0"):
        assert read(once, version) == FULL


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"ips": [{"address": "10.0.0.1"}]}, "invalid CIDR address: 10.0.0.1"),
        ({"ips": [{"address": "10.0.0.1/33"}]}, "invalid CIDR address: 10.0.0.1/33"),
        ({"ips": [{"address": "10.0.0.1/08"}]}, "invalid CIDR address: 10.0.0.1/08"),
        ({"ips": [{"address": "10.0.0.1/8", "gateway": "x"}]}, "invalid IP address: x"),
        ({"routes": [{"dst": ""}]}, "invalid CIDR address: "),
        ({"ips": [{"address": 5}]}, f"{GO} number into Go struct field IPConfig.ips.address of type string"),
        ([], f"{GO} array into Go value of type Result"),
    ],
)
def test_what_is_no_result_is_refused(value: object, message: str) -> None:
    with pytest.raises(CniError) as refused:
        read(value, "1.0.0")
    assert refused.value.message == message


def test_a_result_of_an_unknown_version_is_refused() -> None:
    with pytest.raises(CniError, match=r'unsupported CNI result version "7\.0\.0"'):
        read({}, "7.0.0")


_ADDRESSES = st.ip_addresses().flatmap(lambda ip: st.integers(0, ip.max_prefixlen).map(lambda prefix: f"{ip}/{prefix}"))


@given(_ADDRESSES)
def test_an_address_keeps_its_host_bits_in_every_version(address: str) -> None:
    for version in SUPPORTED:
        made = read(written(Result(ips=(Ip(address),)), version), version)
        assert [each.address for each in made.ips] == [_as_glibc(address)]


def _as_glibc(address: str) -> str:
    ip, _, prefix = address.partition("/")
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    return f"{socket.inet_ntop(family, socket.inet_pton(family, ip))}/{prefix}"
