"""`cnv-tuning`, and `python -m cni.tuning`."""

from typing import NoReturn

from cni.process import command as answer_call
from cni.tuning.plugin import TuningPlugin


def command() -> NoReturn:
    answer_call(TuningPlugin())


if __name__ == "__main__":
    command()
