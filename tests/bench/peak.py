"""How much memory a command had at most."""

from typing import Final

PEAK: Final = """
import os, sys
child = os.fork()
if not child:
    os.execv(sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(child, 0)
print(used.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Prints the most KiB that a command had: a small process starts it, because a child counts its parent's as its own."""
