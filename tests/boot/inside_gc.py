"""Run on a machine that booted with another manager and the files `nncp gc` wrote for it: the state is as in ours."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest

from netkernel.documents import read
from nncp_agent.gc import generate
from nncp_agent.wire.comparable import comparable
from tests.boot.beside import held, until

STATE = Path("tests/boot/gc-state.yaml")
CASES = [path.parent for path in sorted(Path("tests/gc").glob("*/state.yaml"))]
_NM_ARGUMENTS = [Path("/usr/libexec/nm-initrd-generator"), Path("/usr/lib/NetworkManager/nm-initrd-generator")]
"""Where distributions have it."""
_PARSE = """\
mkdir -p /etc/cmdline.d /run/initramfs
echo "$ARGUMENTS" >/etc/cmdline.d/gc.conf
cd /usr/lib/dracut/modules.d
cp ??base/dracut*lib.sh ??net*/net-lib.sh /lib/
for each in getarg getargs; do ln -sf /usr/lib/dracut/dracut-util /usr/bin/dracut-$each; done
. /lib/dracut-lib.sh
. /lib/net-lib.sh
die() { echo "dracut stops: $*"; exit 1; }
warn() { case "$*" in *"does not exist"*) ;; *) echo "dracut warns: $*" ;; esac; }
for each in bond bridge vlan ip-opts; do . ./??network-legacy/parse-$each.sh; done
cat /tmp/bond.*.info /tmp/bridge.*.info /tmp/vlan.*.phy 2>/dev/null
"""
"""What an initramfs of dracut's does with them before it brings anything up."""


def planned() -> list[str]:
    """What is not as in the state, but for what its manager was not told."""
    done = subprocess.run(["nncp", "plan", str(STATE)], capture_output=True, text=True)
    return [*done.stdout.splitlines(), *(line for line in done.stderr.splitlines() if line.startswith("error"))]


@pytest.mark.parametrize("manager", ["systemd-networkd", "NetworkManager"])
def test_the_manager_made_the_state(manager: str) -> None:
    until(lambda: planned() == [], f"the state is there; still to do: {planned()}")
    assert {holder.partition(" ")[0] for holder in held().values()} == {manager}


def connections(said: str) -> dict[str, dict[str, dict[str, str]]]:
    """The profiles that NetworkManager's program prints, by their names."""
    found = {}
    for text in said.split("*** Connection '")[1:]:
        name, _, lines = text.partition("' ***\n")
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read_string(lines)
        found[name] = {section: dict(parser[section]) for section in parser.sections()}
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_programs_that_read_dracuts_arguments_take_them(case: Path) -> None:
    state = comparable(read((case / "state.yaml").read_text()))
    made = generate(state, "dracut")
    line = made.files.get("cmdline", "")
    program = next(path for path in _NM_ARGUMENTS if path.exists())
    heard = subprocess.run([program, "-s", "--", *line.split()], capture_output=True, text=True)
    several = any("several arp_ip_target" in each for each in made.left_out)
    assert ("Ignoring" in heard.stderr) <= several, heard.stderr  # newer ones take several
    found = connections(heard.stdout)
    for each in state["interfaces"] if line and not several else ():
        if each["type"] in ("bond", "linux-bridge", "vlan"):
            assert each["name"] in found
        for family in ("ipv4", "ipv6"):
            stack, settings = each.get(family) or {}, found.get(each["name"], {}).get(family, {})
            if stack.get("dhcp") or stack.get("autoconf"):
                assert settings["method"] == "auto"
            wanted = [f"{address['ip']}/{address['prefix-length']}" for address in stack.get("address") or ()]
            have = [text.partition(",")[0] for key, text in settings.items() if key.startswith("address")]
            assert have == wanted, each["name"]
    parsed = subprocess.run(
        ["sh", "-c", _PARSE],
        env={"ARGUMENTS": line, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
    )
    second = any("a second ip=" in each for each in made.left_out)
    assert ("dracut stops: " in parsed.stdout) == second, parsed.stdout + parsed.stderr
    assert "dracut warns" not in parsed.stdout, parsed.stdout
    if "bond=" in line and not second:
        assert "bondname=bond0" in parsed.stdout and "arp_ip_target=192.0.2.1,192.0.2.2" in parsed.stdout
