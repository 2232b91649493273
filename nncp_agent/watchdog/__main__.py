"""Started by `start`: DIRECTORY CHECKPOINT SOCKET `daemon` or `unit`."""

import os
import sys

if sys.argv[4] == "daemon" and os.fork():
    os._exit(0)  # the child belongs to init now and can never get a terminal: it leads no session

from nncp_agent.watchdog import guard

directory, mine, address, how = sys.argv[1:]
with guard.connected(address) as applier:
    guard.main(directory, mine, address if how == "daemon" else "", applier)
