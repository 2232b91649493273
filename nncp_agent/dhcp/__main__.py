"""Started by `launch`: DIRECTORY alone runs a keeper as a unit of systemd, with a NAME one is forked that has it."""

import sys

from nncp_agent.dhcp import keeper, launch

if len(sys.argv) > 2:
    launch.run_as_daemon(sys.argv[1], sys.argv[2])
else:
    keeper.main(sys.argv[1])
