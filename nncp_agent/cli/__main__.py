"""`python -m nncp_agent.cli`."""

import sys

from nncp_agent.cli import main

sys.exit(main())
