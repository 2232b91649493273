"""Verbs that make documents of documents: format, gr, policy, statistic; and edit and service, which apply them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netkernel.documents import read
from netkernel.frozen import replace
from netkernel.records import Link
from nncp_agent.store import Store
from nncp_agent.wire import decode
from tests.fake_kernel import FakeKernel
from tests.unit.cli.command import NODE, Result, Still, nncp

POLICY = """\
capture: {nic: interfaces.name == "eth2"}
desiredState:
  interfaces: [{name: br7, type: linux-bridge, bridge: {port: [{name: "{{ capture.nic.interfaces.0.name }}"}]}}]
"""
SHOWN = "interfaces:\n- {name: eth2, type: ethernet, state: up, mtu: 9000}\n"


def run(*argv: str, stdin: str = "", state_dir: Path | None = None) -> Result:
    return nncp(*argv, stdin=stdin.encode(), kernel=Still(NODE), state_dir=state_dir)


def test_format_puts_a_state_in_canonical_order_and_words() -> None:
    bond = "link-aggregation: {slaves: [a], mode: 1}"
    text = f"interfaces: [{{state: up, ipv4: {{enabled: 'yes'}}, type: bond, name: b, {bond}}}]"
    assert run("format", stdin=text).out == (
        "interfaces:\n- name: b\n  type: bond\n  state: up\n  ipv4:\n    enabled: true\n"
        "  link-aggregation:\n    mode: active-backup\n    port:\n    - a\n"
    )


def test_format_of_what_is_formatted_is_the_same() -> None:
    for text in (POLICY, run("show").out, "description: x\ninterfaces: []\n"):
        once = run("f", "-", stdin=text).out
        assert run("fmt", "-", stdin=once).out == once
        assert read(once)[0].value is not None


def test_gr_is_what_takes_a_policy_back() -> None:
    back = run("gr", "-", stdin="interfaces: [{name: eth2, mtu: 9000}, {name: d, type: dummy, state: up}]").out
    assert read(back)[0].value == {
        "interfaces": [
            {"name": "eth2", "type": "ethernet", "state": "up", "mtu": 1500},
            {"name": "d", "type": "dummy", "state": "absent"},
        ]
    }


KEYS = ("50b71a8ef0bd5751ea76de6d6c98c03a", "f2b4297d39da7330")
MACSEC = """\
interfaces:
- {name: ms1, type: macsec, state: up, macsec: {base-iface: eth2, mka-cak: %s, mka-ckn: %s}}
"""


def test_gr_hides_keys_and_says_so_and_has_them_with_s(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save_committed(decode(read(MACSEC % KEYS)).desired)
    base = {"link": "eth2", "encrypt": 1, "port": 1, "up": True, "mtu": 1468}
    there = replace(NODE, links={**NODE.links, "ms1": Link("ms1", "macsec", base, index=99)})
    asked = MACSEC % ("60b71a8ef0bd5751ea76de6d6c98c03b", KEYS[1])
    hidden, told = (
        nncp("gr", *words, "-", stdin=asked.encode(), kernel=Still(there), state_dir=tmp_path)
        for words in ((), ("-s",))
    )
    assert KEYS[0] not in hidden.out + hidden.err
    assert "ms1: its keys are hidden" in hidden.err
    assert read(told.out)[0].value["interfaces"][0]["macsec"]["mka-cak"] == KEYS[0]  # type: ignore[index]
    assert told.err == ""


def test_gr_knows_interfaces_by_their_macs_and_speaks_of_them_by_name() -> None:
    mac = NODE.links["eth2"].address
    asked = f"interfaces: [{{name: uplink, type: ethernet, identifier: mac-address, mac-address: '{mac}', mtu: 9000}}]"
    back = read(run("gr", "-", stdin=asked).out)[0].value
    assert back == {"interfaces": [{"name": "eth2", "type": "ethernet", "state": "up", "mtu": 1500}]}


def test_gr_and_policy_take_a_state_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "shown.yaml").write_text(SHOWN)
    (tmp_path / "policy.yaml").write_text(POLICY)
    asked = "interfaces: [{name: eth2, mtu: 1400}]"
    back = nncp("gr", "-", "--current", str(tmp_path / "shown.yaml"), "--json", stdin=asked.encode())
    assert json.loads(back.out)["interfaces"] == [{"name": "eth2", "type": "ethernet", "state": "up", "mtu": 9000}]
    made = nncp("policy", str(tmp_path / "policy.yaml"), "-c", str(tmp_path / "shown.yaml"))
    assert read(made.out)[0].value["interfaces"][0]["bridge"] == {"port": [{"name": "eth2"}]}  # type: ignore[index]


def test_what_was_captured_is_written_and_taken_again(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    words = ["policy", str(tmp_path / "policy.yaml")]
    once = run(*words, "-o", str(tmp_path / "captured.yaml"))
    again = nncp(*words, "-a", str(tmp_path / "captured.yaml"))
    assert (once.code, once.out) == (again.code, again.out)
    meta = read((tmp_path / "captured.yaml").read_text())[0].value["nic"]["metaInfo"]  # type: ignore[index]
    assert meta["version"] == "0"


def test_statistic_says_what_sits_on_what() -> None:
    asked = """\
interfaces:
- name: br9
  type: linux-bridge
  ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]}
  bridge: {port: [{name: bond0.40}]}
- {name: eth2, type: ethernet, identifier: mac-address, mac-address: "52:54:00:00:00:04"}
routes: {config: [{destination: 0.0.0.0/0, next-hop-interface: br9, next-hop-address: 192.0.2.9}]}
"""
    assert read(run("st", "-", stdin=asked).out)[0].value == {
        "topology": ["static_ip4 -> linux-bridge -> vlan -> bond -> ethernet"],
        "features": ["mac-based-identifier", "static-route"],
    }


def edited(tmp_path: Path, script: str, stdin: bytes = b"") -> Result:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    environ = {"EDITOR": str(editor), "PATH": "/usr/bin:/bin"}
    return nncp("edit", "eth2", stdin=stdin, kernel=Still(NODE), state_dir=tmp_path / "state", environ=environ)


def test_edit_without_a_change_does_nothing(tmp_path: Path) -> None:
    done = edited(tmp_path, "true")
    assert (done.code, done.err) == (0, "nothing was edited: nothing to do\n")


def test_edit_of_what_cannot_be_read_asks_whether_to_go_on(tmp_path: Path) -> None:
    once = edited(tmp_path, 'echo x >> "$0.count"; echo "a: [" > "$1"', b"n\n")
    assert once.code == 1
    assert once.err.endswith("edit it again? [y/n] ")
    wrong_once = f'[ -e {tmp_path}/again ] || {{ touch {tmp_path}/again; echo "a: [" > "$1"; }}'
    twice = edited(
        tmp_path, f'[ ! -e {tmp_path}/again ] || sed -i "s/mtu: .*/mtu: many/" "$1"; {wrong_once}', b"y\nn\n"
    )
    assert "edit it again? [y/n]" in twice.err


def test_edit_without_an_editor_says_so(tmp_path: Path) -> None:
    done = edited(tmp_path, "exit 3")
    assert (done.code, "ended with 3" in done.err) == (3, True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "service").mkdir()
    (tmp_path / "service/20-eth2.yml").write_text("interfaces: [{name: eth2, mtu: 1500}]\n")
    (tmp_path / "service/10-wrong.yaml").write_text("interfaces: [{name: eth2, mtu: many}]\n")
    (tmp_path / "service/README").write_text("not a policy\n")
    return tmp_path / "service"


def served(folder: Path) -> Result:
    return nncp("service", "-c", str(folder), kernel=FakeKernel(NODE), state_dir=folder.parent / "state")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_service_applies_every_file_once_and_goes_on_after_one_that_fails(folder: Path) -> None:
    done = served(folder)
    assert done.code == 1
    assert names(folder) == ["10-wrong.yaml", "20-eth2.applied", "README"]
    assert f"applied {folder}/20-eth2.yml" in done.err


def test_a_file_that_is_kept_is_applied_again_once_it_changes(folder: Path) -> None:
    (folder / "10-wrong.yaml").unlink()
    (folder / "nmstate.conf").write_text("[service]\nkeep_state_file_after_apply = true\n")
    assert served(folder).code == 0
    assert names(folder) == ["20-eth2.applied", "20-eth2.yml", "README", "nmstate.conf"]
    assert "applied" not in served(folder).err
    (folder / "20-eth2.yml").write_text("interfaces: [{name: eth3, mtu: 1500}]\n")
    assert f"applied {folder}/20-eth2.yml" in served(folder).err


def test_a_folder_that_is_not_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert served(tmp_path / "nosuch").code == 0
