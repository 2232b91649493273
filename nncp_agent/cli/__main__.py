"""`python -m nncp_agent.cli`."""

from nncp_agent.cli import command

command()
