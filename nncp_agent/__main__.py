"""`nncp`, and `python -m nncp_agent`."""

import _signal as signal  # type: ignore[import-not-found]  # without Enums of all numbers, which take 2 ms
import gc

gc.disable()  # a command is over before collecting pays
signal.signal(signal.SIGINT, signal.SIG_DFL)  # ^C while the rest loads ends the process, without a traceback

from nncp_agent.cli import command  # noqa: E402  # see above

if __name__ == "__main__":
    command()
