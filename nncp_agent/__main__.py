"""`nncp`, and `python -m nncp_agent`."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # ^C while the rest loads ends the process, without a traceback

from nncp_agent.cli import command  # noqa: E402  # see above

if __name__ == "__main__":
    command()
