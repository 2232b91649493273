"""What a checkpoint found in the store means."""

from pathlib import Path

import msgspec
import pytest

from nncp_agent import checkpoint
from nncp_agent.checkpoint import Checkpoint, Here, Standing
from nncp_agent.history import Entry
from nncp_agent.store import Store

HERE = Here(boot="b1", namespace="net:[1]", now_s=100.0)
APPLYING = Checkpoint(
    id="c1",
    boot="b1",
    namespace="net:[1]",
    pid=42,
    deadline_s=130.0,
    remembered=msgspec.Raw(b'{"links":{}}'),
    entry=Entry(number=7, time="2026-01-01T00:00:00+00:00", command="nncp apply bond1.yaml"),
)
WAITING = msgspec.structs.replace(APPLYING, stage="pending")


@pytest.mark.parametrize(
    ("found", "here", "committed_by", "expected"),
    [
        (APPLYING, HERE, "", Standing.INTERRUPTED),
        (WAITING, HERE, "", Standing.PENDING),
        (WAITING, Here("b1", "net:[1]", 130.0), "", Standing.OVERDUE),
        (WAITING, Here("b2", "net:[1]", 10.0), "", Standing.GONE),
        (APPLYING, Here("b2", "net:[9]", 10.0), "", Standing.GONE),
        (APPLYING, Here("b1", "net:[9]", 110.0), "", Standing.ELSEWHERE),
        (APPLYING, HERE, "c0", Standing.INTERRUPTED),
        (APPLYING, HERE, "c1", Standing.COMMITTED),
        (APPLYING, Here("b2", "net:[9]", 10.0), "c1", Standing.COMMITTED),
    ],
)
def test_a_checkpoint_means_what_boot_namespace_stage_and_time_say(
    found: Checkpoint, here: Here, committed_by: str, expected: Standing
) -> None:
    assert checkpoint.standing(found, here, committed_by) is expected


def test_a_pending_checkpoint_is_refused_saying_who_since_when_and_what_to_do() -> None:
    said = str(checkpoint.refusal(WAITING, HERE, Standing.PENDING))
    assert "checkpoint c1 of process 42 (nncp apply bond1.yaml), since 2026-01-01" in said
    assert "`nncp commit` keeps it, `nncp rollback` takes it back" in said
    assert said.endswith("in 30 s")


def test_a_checkpoint_of_another_namespace_is_refused_naming_both() -> None:
    said = str(checkpoint.refusal(WAITING, Here("b1", "net:[9]", 100), Standing.ELSEWHERE))
    assert "net:[1], this is net:[9]" in said


def test_a_checkpoint_survives_the_disk(tmp_path: Path) -> None:
    store = Store(tmp_path)
    checkpoint.write(store, WAITING)
    found = checkpoint.read(store)
    assert found is not None
    assert bytes(found.remembered) == bytes(WAITING.remembered)
    assert msgspec.structs.replace(found, remembered=WAITING.remembered) == WAITING
    checkpoint.remove(store)
    assert checkpoint.read(store) is None


def test_here_is_the_same_place_twice_and_time_goes_on() -> None:
    first, second = Here.find(), Here.find("/proc/self/ns/net")
    assert (first.boot, first.namespace) == (second.boot, second.namespace)
    assert first.now_s <= second.now_s


def test_ids_are_different() -> None:
    assert len({checkpoint.new_id() for _ in range(50)}) == 50
