"""The program run on the host from a container: in the host's namespaces, with what the DaemonSet lets it do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.kernel.asked import make_nics
from tests.unit.deploy.manifests import capabilities

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "ipv6", "uts")

TREE: Final = Path(__file__).resolve().parents[2]
PARENT: Final = """\
import os, sys
from nncp_agent.installing import running
sys.exit(running.run(sys.argv[4:], os.environ, sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""
CONTAINER: Final = """\
mount -t tmpfs none /etc
mount -t tmpfs none /run
echo container >/etc/resolv.conf
hostname container
exec setpriv --inh-caps=-all --ambient-caps=-all --bounding-set="$1" "$2" -c "$3" "$4" "$5" "$6" nncp-words
"""


def contained(tmp_path: Path, program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`nncp host run` in mount and UTS namespaces of its own, with the capabilities of the DaemonSet and no others."""
    allowed = ",".join(["-all", *(f"+{each.lower()}" for each in capabilities())])
    script = CONTAINER.replace("nncp-words", " ".join(words))
    environ = {
        **os.environ,
        "PYTHONPATH": str(TREE),
        "NNCP_STATE_DIR": str(tmp_path / "state"),
        "NNCP_ROOT": str(tmp_path),
    }
    command = ["unshare", "--mount", "--uts", "sh", "-euc", script, "sh", allowed, sys.executable, PARENT]
    heard = str(tmp_path / "heard")
    return subprocess.run(
        [*command, str(program), heard, str(os.getpid())], env=environ, capture_output=True, text=True
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """What stands for the installed one: this tree."""
    file = tmp_path / "nncp"
    file.write_text(f'#!/bin/sh\nexport PYTHONPATH={TREE}\nexec {sys.executable} -m nncp_agent "$@"\n')
    file.chmod(0o755)
    return file


def test_a_bond_and_name_servers_are_applied_with_the_capabilities_of_the_daemonset(
    netns: str, another_netns: Callable[[], str], tmp_path: Path, program: Path
) -> None:
    make_nics("eth1", "eth2", far=another_netns())
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").touch()
    policy = tmp_path / "policy.yaml"
    bond = {"name": "bond9", "type": "bond", "link-aggregation": {"mode": "active-backup", "port": ["eth1", "eth2"]}}
    servers = {"config": {"server": ["192.0.2.53"]}}
    policy.write_text(json.dumps({"interfaces": [bond], "dns-resolver": servers}))
    done = contained(tmp_path, program, "apply", "--no-check", str(policy))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "etc/resolv.conf").read_text() == "nameserver 192.0.2.53\n"
    shown = subprocess.run(["ip", "-d", "link", "show", "eth1"], capture_output=True, text=True, check=True).stdout
    assert "master bond9" in shown


def test_it_sees_the_files_and_the_name_of_the_host(netns: str, tmp_path: Path) -> None:
    file = tmp_path / "nncp"
    file.write_text("#!/bin/sh\nreadlink /proc/self/ns/mnt; uname -n; cat /etc/resolv.conf\n")
    file.chmod(0o755)
    done = contained(tmp_path, file)
    assert done.returncode == 0, done.stderr
    ours, name, *lines = done.stdout.splitlines()
    assert ours == os.readlink("/proc/self/ns/mnt")
    assert name != "container"
    assert lines != ["container"]


def test_its_exit_code_its_signals_and_what_it_says_of_itself_come_through(netns: str, tmp_path: Path) -> None:
    file = tmp_path / "nncp"
    file.write_text(
        f"#!{sys.executable}\n"
        "import os, signal, socket, sys\n"
        "told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "told.connect(chr(0) + os.environ['NOTIFY_SOCKET'][1:])\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "told.send(b'READY=1')\n"
        f"while '\"ready\": true' not in open({str(tmp_path / 'heard')!r}).read():\n"
        "    pass\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        "signal.pause()\n"
    )
    file.chmod(0o755)
    done = contained(tmp_path, file)
    assert done.returncode == 7, done.stderr


def test_a_program_that_is_not_there_is_said(netns: str, tmp_path: Path) -> None:
    done = contained(tmp_path, tmp_path / "missing")
    assert "missing: cannot be started on the host: No such file or directory" in done.stderr
