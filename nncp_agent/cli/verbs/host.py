"""Put nncp itself on a host from a container, take it away, or run it there: install, uninstall, run, probe.

install copies the program with its interpreter to /opt/nncp-agent below --root and places the boot unit
(nncp-restore.service), which brings the committed network back before kubelet starts. run starts that program in the
host's own namespaces, as `nncp daemon` of a DaemonSet does, and passes signals on; probe asks whether it is well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK
from nncp_agent.cli.words import Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp host install --root /host
                                with /opt/nncp-agent and /etc/systemd/system of
                                the node below /host
  nncp host run -- daemon --node-name worker-3
  nncp host probe --ready       0 when it serves
  nncp host uninstall --root /host
"""


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    actions = ("install", "uninstall", "run", "probe")
    add("action", choices=actions, metavar="install|uninstall|run|probe", help="what to do")
    add("words", metavar="WORD", nargs="*", help="with run: what nncp is called with there")
    add("--root", metavar="DIR", default="/", help="where the host's files are, if not at /")
    add("--ready", action="store_true", help="with probe: not only alive, but serving")


def run(call: Call) -> int:
    from pathlib import Path

    from nncp_agent.installing import host, running

    options = call.options
    if options.action == "run":
        if not options.words:
            raise Usage("nncp host run: what is it to do there? nncp host run -- daemon …")
        return running.run(options.words, call.world.environ)
    if options.words:
        raise Usage(f"nncp host {options.action}: '{options.words[0]}': takes no words")
    if options.action == "probe":
        return OK if running.is_well(ready=options.ready) else FAILED
    if options.action == "install":
        call.say(f"installed {host.PROGRAM} ({host.install(Path(options.root))}) and {host.UNIT}")
    else:
        host.uninstall(Path(options.root))
        call.say(f"removed {host.PROGRAM} and {host.UNIT}; the network stays as it is")
    return OK
