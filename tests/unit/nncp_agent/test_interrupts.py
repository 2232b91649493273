"""Signals end what can be undone and leave alone what must come to its end."""

import os
import signal
import threading

import pytest

from nncp_agent.errors import Interrupted
from nncp_agent.interrupts import as_exceptions


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_becomes_an_exception_that_names_it(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # nohup(1) and a shell's `&` have some ignored, which is respected
    try:
        with pytest.raises(Interrupted, match=number.name), as_exceptions():
            os.kill(os.getpid(), number)
    finally:
        signal.signal(number, before)


def test_a_second_signal_does_not_disturb_the_undo() -> None:
    reached = False
    with pytest.raises(Interrupted), as_exceptions():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            reached = True
    assert reached


def test_what_must_come_to_its_end_hears_no_signal() -> None:
    with as_exceptions() as interrupts:
        interrupts.ignore()
        os.kill(os.getpid(), signal.SIGTERM)


def test_handlers_are_as_they_were_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with as_exceptions():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_was_ignored_before_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with as_exceptions():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_thread_that_gets_no_signals_works_without() -> None:
    done = []

    def work() -> None:
        with as_exceptions():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
