"""The machines of the lab: systemd up on a test kernel, a disk that lasts, a power that can be cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import guest, machine

pytestmark = pytest.mark.boots

COUNT = """\
[Unit]
Before=network.target
Wants=network.target
ConditionKernelCommandLine=!count=off
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo x >>/var/lib/count/boots'
[Install]
WantedBy=multi-user.target
"""


def test_what_is_enabled_runs_at_the_next_boot_and_what_is_kept_outlasts_a_power_cut(tmp_path: Path) -> None:
    computer = machine.at(tmp_path, keeps=["/var/lib/count"])
    computer.lay({"/etc/systemd/system/count.service": COUNT})
    enable = ["sh", "-c", "systemctl enable -q count; echo forgotten >/srv/file; echo ready >/dev/console; sleep inf"]
    with computer.on(enable) as running:
        running.until("ready")
        running.cut()
    assert running.so_far().status == guest.NO_STATUS
    look = "systemctl is-system-running --wait; cat /var/lib/count/boots; systemctl is-active count; cat /srv/file"
    second = computer.boot(["sh", "-c", f"{look}; exit 3"])
    assert (second.output, second.status) == ("running\nx\nactive\ncat: /srv/file: No such file or directory\n", 3)
    third = computer.boot(["systemctl", "is-active", "count"], arguments=["count=off"])
    assert (third.output, third.status) == ("inactive\n", 3)


def test_a_machine_that_does_not_come_to_the_point_shows_its_console(tmp_path: Path) -> None:
    with (
        machine.at(tmp_path).on(["sh", "-c", "echo not this; echo nor that >/dev/console"]) as running,
        pytest.raises(TimeoutError, match=r"(?s)off before it said b'the point'.*nor that"),
    ):
        running.until("the point")
