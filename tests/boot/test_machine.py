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
    with computer.on(["sh", "-c", f"{look}; echo seen >/dev/console; exit 3"]) as running:
        with pytest.raises(TimeoutError, match=r"(?s)off before it said b'what nobody says'.*seen"):
            running.until("what nobody says")
        second = running.so_far()
    assert (second.output, second.status) == ("running\nx\nactive\ncat: /srv/file: No such file or directory\n", 3)
