"""Write a policy's state as another manager wants it: files for networkd or NetworkManager, or dracut's arguments.

Printed as one document, or with --out as files in a folder. What the manager has no word for is said on stderr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

EXAMPLES = """\
  nncp gc --to networkd --out /etc/systemd/network bond1.yaml
  nncp gc --to networkmanager bond1.yaml
  nncp gc --to dracut bond1.yaml
                                for an installer's kernel line
"""
NAMES = {"networkmanager": "NetworkManager", "networkd": "systemd-networkd", "dracut": "dracut"}


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", help="a policy or a network state, - for stdin")
    add("--to", choices=tuple(NAMES), metavar="MANAGER", default="networkmanager", help=", ".join(NAMES))
    add("--out", metavar="DIR", help="write the files there instead of printing them")
    add("--json", action="store_true", help="print as JSON")


def run(call: Call) -> int:
    from nncp_agent.cli import asked
    from nncp_agent.gc import generate

    options = call.options
    made = generate(asked.comparable(call, [options.file]), options.to)
    for line in made.left_out:
        call.warn(f"left out: {line}")
    if options.out:
        for path in _written(made.files, options.out, 0o600 if options.to == "networkmanager" else 0o644):
            call.print(path)
    elif options.to == "dracut" and not options.json:
        call.world.stdout.write("".join(made.files.values()))
    else:
        call.write({NAMES[options.to]: [list(each) for each in made.files.items()]}, "json" if options.json else "yaml")
    return OK


def _written(files: Mapping[str, str], folder: str, mode: int) -> list[str]:
    """Each whole or not there. NetworkManager takes none that others may read; networkd is not root. Raises Usage."""
    import os

    from nncp_agent.cli.words import Usage

    paths = []
    try:
        os.makedirs(folder, exist_ok=True)
        for name, text in files.items():
            path = os.path.join(folder, name)
            with open(os.open(f"{path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
                os.fchmod(file.fileno(), mode)
            os.rename(f"{path}.tmp", path)
            paths.append(path)
    except OSError as error:
        raise Usage(f"{folder}: cannot write there: {error.strerror}") from None
    return paths
