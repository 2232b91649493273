"""Put the CNI plugins cnv-bridge and cnv-tuning on this node, or take them away: install, uninstall.

They come with an interpreter and modules of their own in one folder below --bin-dir, so that the node needs no Python.
Each file is put in place by a rename: a runtime may start the plugins meanwhile. With --replace they are also called
bridge and tuning; what had these names is kept for uninstall. --preflight first lists the definitions and running pods
that would be refused, and installs only if there are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import INVALID, OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp cni install --bin-dir /opt/cni/bin
  nncp cni install --bin-dir /host/opt/cni/bin --on-node /opt/cni/bin
                                from a container, with the node at /host
  nncp cni install --bin-dir /opt/cni/bin --preflight nads.yaml
  nncp cni uninstall --bin-dir /opt/cni/bin
"""


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("action", choices=("install", "uninstall"), metavar="install|uninstall", help="what to do")
    add("files", metavar="FILE", nargs="*", help="definitions for --preflight, beside those of the node")
    add("--bin-dir", metavar="DIR", help="where the runtime finds plugins")
    add("--on-node", metavar="DIR", help="what that folder is called on the node, if not the same")
    add("--conf-dir", metavar="DIR", default="/etc/cni/net.d", help="configurations that --preflight looks at")
    add("--preflight", action="store_true", help="first list who would be refused; nothing is installed then")
    add("--replace", action="store_true", help="also as bridge and tuning")
    add("--no-compiler", action="store_true", help="the clients in Python, even where there is a C compiler")


def run(call: Call) -> int:
    from pathlib import Path

    from nncp_agent.cli.words import Usage
    from nncp_agent.installing import install

    options = call.options
    if not options.bin_dir:
        raise Usage(f"nncp cni {options.action}: --bin-dir is missing: where the runtime finds plugins")
    folder = Path(options.bin_dir)
    if options.action == "uninstall":
        call.say(f"removed {', '.join(install.uninstall(folder)) or 'nothing that was still ours'}")
        return OK
    if options.preflight and (lines := _refused(call)):
        for line in lines:
            call.print(line)
        call.say(f"{len(lines)} would be refused; nothing was installed")
        return INVALID
    on_node = options.on_node or str(folder.absolute())
    made = install.install(folder, on_node, replace=options.replace, may_compile=not options.no_compiler)
    call.say(f"installed {', '.join(made.files)} ({made.version}, {made.client} client)")
    return OK


def _refused(call: Call) -> list[str]:
    from nncp_agent.cli import files
    from nncp_agent.installing import preflight

    with call.kernel() as kernel:
        host = kernel.snapshot()
    texts = files.texts(call, call.options.files) if call.options.files else []
    return preflight.refused(texts, call.options.conf_dir, host)
