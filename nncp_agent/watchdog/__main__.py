"""Started by `start`: DIRECTORY CHECKPOINT SOCKET `daemon` or `unit`."""

import os
import sys

if sys.argv[4] == "daemon" and os.fork():
    os._exit(0)  # the child belongs to init now and can never get a terminal: it leads no session

from nncp_agent.watchdog.guard import main

main(*sys.argv[1:4])
