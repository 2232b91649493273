"""Started by `keeping.launch`."""

import sys

from nncp_agent.keeping import NEIGHBOURS, launch

launch.main(sys.argv[1:], NEIGHBOURS)
