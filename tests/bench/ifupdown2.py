"""The peer ifupdown2, laid from its Debian package into the test kernel's root, which dies with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

HOME = Path("/usr/share/ifupdown2")


def lay_down(source: Path) -> None:
    """Copy the unpacked package into this root, which must be a test kernel's."""
    for folder in ("etc", "usr", "var"):
        subprocess.run(["cp", "-a", f"{source}/{folder}", "/"], check=True)
    program = HOME / "ifreload"
    if not program.exists():
        program.symlink_to("__main__.py")  # it looks at the name it was called by
    subprocess.run(["/usr/bin/python3", "-m", "compileall", "-q", str(HOME)], check=True)  # as its postinst does


def configure(stanzas: str) -> None:
    """Make `stanzas` the whole of /etc/network/interfaces (of the test kernel's root)."""
    Path("/etc/network/interfaces.d").mkdir(parents=True, exist_ok=True)
    Path("/run/network").mkdir(parents=True, exist_ok=True)
    Path("/etc/network/interfaces").write_text("auto lo\niface lo inet loopback\n\n" + stanzas)


def reload(_: object) -> None:
    """`ifreload -a`, with the interpreter the package was made for."""
    done = subprocess.run(["/usr/bin/python3", str(HOME / "ifreload"), "-a"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench: ifreload: {done.stderr}")
