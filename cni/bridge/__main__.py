"""`cnv-bridge`, and `python -m cni.bridge`."""

from typing import NoReturn

from cni.bridge.plugin import BridgePlugin
from cni.process import command as answer_call


def command() -> NoReturn:
    answer_call(BridgePlugin())


if __name__ == "__main__":
    command()
