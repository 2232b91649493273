"""The `hostname` section: the kernel's name and the file it comes from after a restart (nmstate.md 4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import File
from netkernel.sysctl import HOSTNAME as RUNNING
from nncp_agent.errors import Problem
from nncp_agent.model import Hostname
from nncp_agent.shown.hostname import COMMENT, file_of, name_in

LONGEST: Final = 63
"""Bytes; the kernel takes one more (__NEW_UTS_LEN of linux/utsname.h), DNS and nmstate do not (RFC 1035 2.3.4)."""


def problems(wanted: Hostname | None, host: Host) -> Iterator[Problem]:
    """What stands in the way. What the host is called already may be said again, however odd."""
    if wanted is None:
        return
    path, file = file_of(host)
    changes_running = wanted.running not in (None, host.sysctls.get(RUNNING))
    changes_config = wanted.config not in (None, name_in(file))
    if (changes_running or changes_config) and not host.files:
        yield Problem("hostname", "the namespace is another's: its name and files are not to be seen from here")
        return
    if changes_running:
        yield from _unfit("hostname.running", wanted.running or "")
    if changes_config and wanted.config:
        yield from _unfit("hostname.config", wanted.config)
    if changes_config and file.obstacle:
        yield Problem("hostname.config", f"{path} {file.obstacle}")


def target(wanted: Hostname | None, host: Host) -> Host:
    """`host` called so; the same object when it is.

    A new name in the file is the running one at once, unless another is asked for, as with hostnamectl(1) and nmstate.
    """
    if wanted is None:
        return host
    path, file = file_of(host)
    running = wanted.running
    if wanted.config not in (None, name_in(file)):
        host = replace(host, files={**host.files, path: _named(wanted.config or "", file)})
        running = wanted.config or None if running is None else running
    if running not in (None, host.sysctls.get(RUNNING)):
        host = replace(host, sysctls={**host.sysctls, RUNNING: running or ""})
    return host


def differences(wanted: Hostname | None, host: Host) -> Iterator[str]:
    """What the policy says and the host does not show."""
    if wanted is None:
        return
    found = {"running": host.sysctls.get(RUNNING, ""), "config": name_in(file_of(host)[1])}
    for key, want in (("running", wanted.running), ("config", wanted.config)):
        if want is not None and want != found[key]:
            yield f"hostname.{key}: wanted {want or 'none'}, found {found[key] or 'none'}"


def _named(name: str, file: File) -> File:
    """The file with the name in it and its comments kept; none without a name."""
    if not name:
        return File()
    comments = [line for line in file.lines if line.strip().startswith(COMMENT)]
    text = "".join(f"{line}\n" for line in (*comments, name))
    content = text.encode("utf-8", "surrogateescape")
    return replace(file, content=content, obstacle="") if file.content is not None else File(content=content)


def _unfit(path: str, name: str) -> Iterator[Problem]:
    if not name:
        yield Problem(path, "found '', wanted a name")
    elif len(name.encode(errors="replace")) > LONGEST:
        yield Problem(path, f"found {len(name.encode(errors='replace'))} bytes, wanted at most {LONGEST}")
    elif any(char.isspace() or not char.isprintable() for char in name) or name[0] in COMMENT:
        yield Problem(path, f"found {name!r}, wanted a name without blanks and control characters")
