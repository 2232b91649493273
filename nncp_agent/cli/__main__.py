"""`python -m nncp_agent.cli`."""

import gc

gc.disable()  # a command is over before collecting pays

from nncp_agent.cli import command  # noqa: E402  # see above

command()
