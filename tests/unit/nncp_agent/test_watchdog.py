"""What the watchdog does about what it sees."""

import msgspec
import pytest

from nncp_agent.checkpoint import Checkpoint
from nncp_agent.history import Entry
from nncp_agent.watchdog.verdict import Verdict, verdict

APPLYING = Checkpoint(
    id="c1",
    boot="b1",
    namespace="net:[1]",
    pid=42,
    deadline_s=130.0,
    remembered=msgspec.Raw(b"{}"),
    entry=Entry(number=1, time="2026-01-01T00:00:00+00:00"),
)
WAITING = msgspec.structs.replace(APPLYING, stage="pending")


@pytest.mark.parametrize(
    ("found", "committed_by", "lives", "now_s", "expected"),
    [
        pytest.param(None, "", False, 100, Verdict.LEAVE, id="nothing is left to guard"),
        pytest.param(None, "c1", True, 100, Verdict.LEAVE, id="committed and tidied up"),
        pytest.param(APPLYING, "c1", False, 100, Verdict.LEAVE, id="killed after the commit point"),
        pytest.param(APPLYING, "c0", True, 100, Verdict.WAIT, id="at work"),
        pytest.param(APPLYING, "c0", False, 100, Verdict.ROLL_BACK, id="killed at work"),
        pytest.param(APPLYING, "c0", True, 130, Verdict.SEIZE, id="hangs"),
        pytest.param(WAITING, "c0", False, 129, Verdict.WAIT, id="waits for a commit"),
        pytest.param(WAITING, "c0", False, 130, Verdict.ROLL_BACK, id="nobody committed in time"),
        pytest.param(WAITING, "c0", True, 130, Verdict.ROLL_BACK, id="nobody committed, the applier lives on"),
        pytest.param(WAITING, "c1", False, 130, Verdict.LEAVE, id="committed in the last moment"),
    ],
)
def test_the_watchdog_acts_on_what_the_store_says(
    found: Checkpoint | None, committed_by: str, lives: bool, now_s: float, expected: Verdict
) -> None:
    assert verdict(found, "c1", committed_by, lives, now_s) is expected


def test_another_checkpoint_is_none_of_its_business() -> None:
    assert verdict(APPLYING, "c2", "", False, 1000) is Verdict.LEAVE
