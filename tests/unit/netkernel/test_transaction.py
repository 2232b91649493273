"""All of it or none: what a transaction takes back when its block fails, and what it says it could not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.ops import AddAddress, CreateLink, DeleteLink, Op, SetLink
from netkernel.records import Address
from netkernel.transaction import Transaction
from tests.fake_kernel import FakeKernel
from tests.strategies import bare, grown

MAKE = CreateLink("d0", "dummy")
UP = SetLink("d0", "dummy", {"up": True}, {"up": False})
GIVE = AddAddress(Address("d0", "192.0.2.1", 24))


class Trouble(Exception):
    """What goes wrong in a block."""


def test_leaving_the_block_normally_keeps_what_was_done() -> None:
    kernel = FakeKernel(bare())
    with Transaction(kernel) as transaction:
        transaction.do([MAKE, UP])
        transaction.do([GIVE])
    assert transaction.leftovers == ()
    assert kernel.snapshot().addresses["d0"][0].ip == "192.0.2.1"


def test_an_exception_takes_everything_back_from_the_last_to_the_first() -> None:
    kernel = FakeKernel(bare())
    with pytest.raises(Trouble) as caught, Transaction(kernel) as transaction:
        transaction.do([MAKE, UP])
        transaction.do([GIVE])
        raise Trouble
    assert kernel.executed[3:] == [GIVE.inverse(), UP.inverse(), MAKE.inverse()]
    assert kernel.snapshot() == bare()
    assert (transaction.leftovers, getattr(caught.value, "__notes__", [])) == ((), [])


def test_what_the_kernel_refused_to_make_is_nobodys_to_take_away() -> None:
    """Its name may be a stranger's, who was there first."""
    kernel = FakeKernel(grown([MAKE]))
    with pytest.raises(KernelRefused), Transaction(kernel) as transaction:
        transaction.do([MAKE])
    assert transaction.leftovers == ()
    assert "d0" in kernel.snapshot().links


def test_a_refused_change_may_be_half_done_and_is_taken_back() -> None:
    before = grown([MAKE])
    kernel = FakeKernel(before, refuse_at=0)
    half = SetLink("d0", "dummy", {"mtu": 1400, "up": True}, {"mtu": 1500, "up": False})
    with pytest.raises(KernelRefused), Transaction(kernel) as transaction:
        transaction.do([half])
    assert kernel.executed == [half.inverse()]
    assert kernel.snapshot() == before


def test_what_was_never_sent_is_not_taken_back() -> None:
    kernel = FakeKernel(bare(), refuse_at=1, batch=1)
    with pytest.raises(KernelRefused), Transaction(kernel) as transaction:
        transaction.do([MAKE, UP, GIVE])
    assert kernel.executed == [MAKE, UP.inverse(), MAKE.inverse()]


def test_an_inverse_that_is_refused_is_reported_and_the_others_are_tried() -> None:
    kernel = FakeKernel(bare(), refuse_at=3)
    with pytest.raises(Trouble) as caught, Transaction(kernel) as transaction:
        transaction.do([MAKE, UP, GIVE])
        raise Trouble
    (line,) = transaction.leftovers
    assert line.startswith("delete address 192.0.2.1/24 on d0: ") and "injected" in line
    assert kernel.snapshot() == bare()
    assert any("192.0.2.1/24" in note for note in caught.value.__notes__)


def test_who_can_look_at_the_whole_host_takes_back_instead() -> None:
    kernel, given = FakeKernel(bare(), refuse_at=2, batch=1), []

    def undo(done: Sequence[Op]) -> Sequence[str]:
        given.append(tuple(done))
        return ("d0: is still there",)

    with pytest.raises(KernelRefused) as caught, Transaction(kernel, undo) as transaction:
        transaction.do([MAKE, UP, GIVE])
    assert given == [(MAKE, UP)]
    assert transaction.leftovers == ("d0: is still there",)
    assert "d0: is still there" in caught.value.__notes__[0]


def test_deleting_is_taken_back_with_all_that_the_op_remembers() -> None:
    before = grown([replace(MAKE, index=77), UP])
    link = before.links["d0"]
    kernel = FakeKernel(before)
    with pytest.raises(Trouble), Transaction(kernel) as transaction:
        transaction.do([DeleteLink("d0", "dummy", link.attrs, link.index)])
        raise Trouble
    assert (kernel.snapshot().links["d0"].attrs, kernel.snapshot().links["d0"].index) == (link.attrs, 77)
