"""Calls right and wrong, answered by a plugin that remembers what reached it; the texts are those of the Go library."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni.skel import Answer, Call, answer
from cni.types.errors import CniError
from cni.types.results import Interface, Ip, Result
from cni.types.versions import SUPPORTED
from netkernel.errors import NetworkError

CONFIG = b'{"cniVersion":"1.1.0","name":"net"}'
FULL = {"CNI_CONTAINERID": "c1", "CNI_NETNS": "/nowhere", "CNI_IFNAME": "net1", "CNI_PATH": "/opt"}


NAME = "error unmarshall network config: json: cannot unmarshal"
VERSION = "decoding version from network config: json: cannot unmarshal"


class Remembering:
    name = "cnv-test"

    def __init__(self, failure: Exception | None = None) -> None:
        self.calls: list[Call] = []
        self.failure = failure

    def _take(self, call: Call) -> None:
        self.calls.append(call)
        if self.failure:
            raise self.failure

    def add(self, call: Call) -> Result:
        self._take(call)
        return Result((Interface("net1", sandbox=call.netns),), (Ip("10.0.0.2/24"),))

    def delete(self, call: Call) -> None:
        self._take(call)

    check = collect = status = delete


def ask(
    environment: Mapping[str, str], config: bytes = CONFIG, failure: Exception | None = None
) -> tuple[Answer, Remembering]:
    plugin = Remembering(failure)
    return answer(plugin, environment, lambda: config, "1.2.3"), plugin


def refused(environment: Mapping[str, str], config: bytes = CONFIG) -> dict[str, object]:
    said, plugin = ask(environment, config)
    assert said.status == 1
    assert not plugin.calls
    error = json.loads(said.stdout)
    assert error.pop("cniVersion") in SUPPORTED
    return dict(error)


def test_without_a_command_it_says_what_it_is_on_stderr() -> None:
    said, _ = ask({})
    assert (said.status, said.stdout) == (0, b"")
    assert said.stderr.decode().splitlines() == [
        "CNI cnv-test plugin version 1.2.3",
        "CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0",
    ]


def test_version_reads_nothing() -> None:
    said = answer(Remembering(), {"CNI_COMMAND": "VERSION"}, lambda: pytest.fail("stdin was read"), "")
    assert json.loads(said.stdout) == {"cniVersion": "1.1.0", "supportedVersions": list(SUPPORTED)}


def test_add_prints_the_result_in_the_version_of_the_configuration() -> None:
    for version in SUPPORTED:
        said, plugin = ask(FULL | {"CNI_COMMAND": "ADD"}, json.dumps({"cniVersion": version, "name": "net"}).encode())
        assert said.status == 0
        assert json.loads(said.stdout)["cniVersion"] == version
        assert [(call.container, call.ifname, call.network) for call in plugin.calls] == [("c1", "net1", "net")]


@pytest.mark.parametrize("command", ["DEL", "CHECK", "GC", "STATUS"])
def test_the_other_commands_print_nothing(command: str) -> None:
    said, plugin = ask(FULL | {"CNI_COMMAND": command})
    assert said == Answer(0)
    assert len(plugin.calls) == 1


def test_del_needs_no_namespace() -> None:
    said, plugin = ask({"CNI_COMMAND": "DEL", "CNI_CONTAINERID": "c1", "CNI_IFNAME": "net1"})
    assert (said.status, plugin.calls[0].netns) == (0, "")


def test_all_that_is_missing_is_named_at_once() -> None:
    error = refused({"CNI_COMMAND": "ADD"})
    assert error["code"] == 4
    assert error["msg"] == "required env variables [CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME] missing"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"CNI_COMMAND": "add"}, 4, "unknown CNI_COMMAND: add"),
        ({"CNI_CONTAINERID": "a/b"}, 4, "invalid characters in containerID"),
        ({"CNI_IFNAME": "a" * 16}, 4, "interface name is too long"),
        ({"CNI_IFNAME": "ä" * 8}, 4, "interface name is too long"),
        ({"CNI_IFNAME": "a/b"}, 4, "interface name contains / or : or whitespace characters"),
        ({"CNI_IFNAME": "a\u2003b"}, 4, "interface name contains / or : or whitespace characters"),
        ({"CNI_IFNAME": ".."}, 4, "interface name is . or .."),
        ({"CNI_NETNS": "/proc/self/ns/net"}, 8, "plugin's netns and netns from CNI_NETNS should not be the same"),
    ],
)
def test_a_wrong_environment_is_refused(change: dict[str, str], code: int, message: str) -> None:
    error = refused({"CNI_COMMAND": "ADD"} | FULL | change)
    assert (error["code"], error["msg"]) == (code, message)


def test_the_namespace_of_the_plugin_itself_may_be_allowed() -> None:
    here = FULL | {"CNI_COMMAND": "ADD", "CNI_NETNS": "/proc/self/ns/net", "CNI_NETNS_OVERRIDE": "TRUE"}
    assert ask(here)[0].status == 0


@pytest.mark.parametrize(
    ("config", "command", "code", "message"),
    [
        (b"", "ADD", 6, "error unmarshall network config: unexpected end of JSON input"),
        (b"[]", "ADD", 6, f'{NAME} array into Go value of type struct {{ Name string "json:\\"name\\"" }}'),
        (b'{"name":1}', "ADD", 6, f"{NAME} number into Go struct field .name of type string"),
        (b"{}", "ADD", 7, "missing network name"),
        (b'{"name":"a b"}', "ADD", 7, "invalid characters found in network name"),
        (b'{"name":"a","cniVersion":1}', "ADD", 6, f"{VERSION} number into Go struct field .cniVersion of type string"),
        (b'{"name":"a","cniVersion":"9.0.0"}', "ADD", 1, "incompatible CNI versions"),
        (b'{"name":"a","cniVersion":"0.3.1"}', "CHECK", 1, "config version does not allow CHECK"),
        (b'{"name":"a"}', "CHECK", 1, "config version does not allow CHECK"),
        (b'{"name":"a","cniVersion":"1.0.0"}', "GC", 1, "config version does not allow GC"),
        (b'{"name":"a","cniVersion":"1.0.0"}', "STATUS", 1, "config version does not allow STATUS"),
    ],
)
def test_a_wrong_configuration_is_refused(config: bytes, command: str, code: int, message: str) -> None:
    error = refused(FULL | {"CNI_COMMAND": command}, config)
    assert (error["code"], error["msg"]) == (code, message)


def test_what_a_plugin_refuses_is_printed_with_its_code() -> None:
    said, _ = ask(FULL | {"CNI_COMMAND": "DEL"}, failure=CniError(11, "not yet", "br1 is on its way"))
    assert said.status == 1
    error = {"code": 11, "msg": "not yet", "details": "br1 is on its way"}
    assert json.loads(said.stdout) == {"cniVersion": "1.1.0", **error}


def test_a_result_that_its_version_cannot_say_is_taken_back() -> None:
    class WithoutAddress(Remembering):
        def add(self, call: Call) -> Result:
            self._take(call)
            return Result((Interface("net1", sandbox=call.netns),))

    plugin = WithoutAddress()
    config = b'{"cniVersion":"0.2.0","name":"net"}'
    said = answer(plugin, FULL | {"CNI_COMMAND": "ADD"}, lambda: config, "")
    assert json.loads(said.stdout)["msg"] == "cannot convert: no valid IP addresses"
    assert len(plugin.calls) == 2  # ADD, and the way back


def test_what_could_not_be_taken_back_is_said() -> None:
    for failure in (CniError(5, "no", "why"), NetworkError("no")):
        failure.add_note("not taken back: br1")
        said, _ = ask(FULL | {"CNI_COMMAND": "ADD"}, failure=failure)
        assert json.loads(said.stdout)["details"].endswith("not taken back: br1")


def test_what_the_kernel_refuses_and_what_is_our_own_fault_is_one_json_document_too() -> None:
    said, _ = ask(FULL | {"CNI_COMMAND": "ADD"}, failure=NetworkError("create net1: the kernel refused: no"))
    assert json.loads(said.stdout)["msg"] == "create net1: the kernel refused: no"
    said, _ = ask(FULL | {"CNI_COMMAND": "ADD"}, failure=KeyError("x"))
    assert json.loads(said.stdout)["msg"] == "cnv-test: internal error: KeyError: 'x'"
    assert b"Traceback" in said.stderr


_SENSIBLE = st.sampled_from(["ADD", "DEL", "CHECK", "GC", "STATUS", "net1"])
_WORDS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
_VARIABLES = ("CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CNI_PATH", "CNI_NETNS_OVERRIDE")


@given(
    st.dictionaries(st.sampled_from(_VARIABLES), _WORDS | _SENSIBLE),
    st.binary() | st.just(CONFIG),
)
def test_whatever_comes_the_answer_is_one_json_document_or_none(environment: dict[str, str], config: bytes) -> None:
    said, _ = ask(environment, config)
    if said.stdout:
        assert isinstance(json.loads(said.stdout), dict)
    assert said.status == 0 or "code" in json.loads(said.stdout)
    assert b"Traceback" not in said.stderr
