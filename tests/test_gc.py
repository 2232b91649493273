"""Golden folders of `nncp gc`: a state, and what each manager gets of it, with what is left out.

A case is a folder in `gc/`: `state.yaml`, and what comes out, `MANAGER/FILE` and `MANAGER/left-out.txt`.
`NNCP_UPDATE_CASES=1` writes them anew: read the diff.
"""

from __future__ import annotations

import configparser
import os
import shutil
from pathlib import Path

import pytest

from netkernel.documents import read
from nncp_agent.gc import WRITERS, generate
from nncp_agent.wire.comparable import comparable

CASES = Path(__file__).parent / "gc"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


def written(name: str, to: str) -> dict[str, str]:
    made = generate(comparable(read((CASES / name / "state.yaml").read_text())), to)
    left_out = {"left-out.txt": "".join(f"{line}\n" for line in made.left_out)} if made.left_out else {}
    return {**made.files, **left_out}


@pytest.mark.parametrize("to", WRITERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_state_is_written_as_in_its_folder(name: str, to: str) -> None:
    folder, found = CASES / name / to, written(name, to)
    if os.environ.get("NNCP_UPDATE_CASES"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file, text in found.items():
            (folder / file).write_text(text)
    assert found == {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("to", ["networkd", "networkmanager"])
@pytest.mark.parametrize("name", NAMES)
def test_files_are_ini_files_with_no_empty_value(name: str, to: str) -> None:
    for file, text in written(name, to).items():
        if file == "left-out.txt":
            continue
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read_string(text)
        assert parser.sections()
        assert all(value for section in parser.sections() for value in parser[section].values()), file


def test_there_are_enough_folders() -> None:
    assert len(NAMES) >= 6
