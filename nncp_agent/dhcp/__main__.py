"""Started by `keeping.launch`."""

import sys

from nncp_agent.keeping import LEASES, launch

launch.main(sys.argv[1:], LEASES)
