"""Policies from a directory: what counts as an edit, as a deletion, and as a file that is being written."""

from pathlib import Path

import pytest

from nncp_agent.node.directory import Directory
from nncp_agent.node.doors import ThisNode
from nncp_agent.node.sink import FileReports
from nncp_agent.node.statuses import FileStatuses
from nncp_agent.objects.policy import Policy
from nncp_agent.store import Store

POLICY = """
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: NAME}
spec: {desiredState: {interfaces: [{name: dummy0, type: dummy, state: up, mtu: 1400}]}}
"""


class Place:
    """A directory and who reads it, as if each look were after news."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder / "policies", Store(folder / "state")
        self.folder.mkdir()
        self.node_file = folder / "node.yaml"
        self.source = self.begun()

    def begun(self) -> Directory:
        return Directory(str(self.folder), str(self.node_file), self.state)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def read(self) -> dict[str, Policy]:
        self.source.read_again()
        return {each.name: each for each in self.source.policies() or ()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _named(name: str) -> str:
    return POLICY.replace("NAME", name)


def test_every_policy_of_every_file_is_one(place: Place) -> None:
    place.write("a.yaml", _named("one") + "---" + _named("two"))
    place.write("b.json", '{"apiVersion": "v1", "kind": "List", "items": []}')
    place.write("c.yml", _named("three"))
    place.write(".hidden.yaml", _named("four"))
    place.write("notes.txt", _named("five"))
    assert sorted(place.read()) == ["one", "three", "two"]


def test_an_edit_is_another_generation_and_a_comment_is_none(place: Place) -> None:
    place.write("a.yaml", _named("one"))
    assert place.read()["one"].generation == 1
    place.write("a.yaml", "# said again\n" + _named("one"))
    assert place.read()["one"].generation == 1
    place.write("a.yaml", _named("one").replace("1400", "1300"))
    policy = place.read()["one"]
    assert (policy.generation, policy.source["metadata"]["generation"]) == (2, 2)
    place.source = place.begun()
    assert place.read()["one"].generation == 2
    place.write("a.yaml", _named("one"))
    assert place.read()["one"].generation == 3


@pytest.mark.parametrize("torn", ["", "  \n", "apiVersion: nmstate.io/v1\nkind: NodeNetw", "{", "a: [", "\0"])
def test_a_file_that_is_being_written_says_what_it_said_before(place: Place, torn: str) -> None:
    place.write("a.yaml", _named("one"))
    before = place.read()
    place.write("a.yaml", torn)
    assert place.read() == before


def test_a_policy_goes_with_its_file_or_when_its_file_has_only_others(place: Place) -> None:
    place.write("a.yaml", _named("one"))
    place.write("b.yaml", _named("two"))
    assert sorted(place.read()) == ["one", "two"]
    place.write("a.yaml", _named("three"))
    (place.folder / "b.yaml").unlink()
    assert sorted(place.read()) == ["three"]


def test_a_directory_that_is_gone_is_no_order_to_remove_anything(place: Place) -> None:
    place.write("a.yaml", _named("one"))
    assert place.source.policies()
    (place.folder / "a.yaml").unlink()
    place.folder.rmdir()
    place.source.read_again()
    assert place.source.policies() is None


def test_one_name_in_two_files_is_said_and_the_first_counts(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.write("a.yaml", _named("one"))
    place.write("b.yaml", _named("one").replace("1400", "1300"))
    policy = place.read()["one"]
    assert policy.desired.source.endswith("a.yaml")
    assert "b.yaml: policy one is in" in caplog.text


def test_a_name_that_no_label_takes_is_said_and_left_out(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.write("a.yaml", _named("../../etc/passwd"))
    assert place.read() == {}
    assert "a.yaml: metadata.name" in caplog.text


def test_what_this_node_is_stands_in_its_file_and_without_one_that_is_said_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.node_file.write_text("metadata: {labels: {rack: '7'}, annotations: {uplink: eth2}, name: node1}")
    assert place.source.node() == ThisNode("node1", labels={"rack": "7"}, annotations={"uplink": "eth2"})
    place.node_file.write_text("name: node1\nchecks: {dns: {enabled: false}}\n")
    for _ in range(2):
        found = place.source.node()
    assert found is not None and found.checks["dns"].enabled is False
    assert caplog.text.count("only policies without a selector are for this node") == 1
    place.node_file.write_text("labels: [")
    assert place.source.node() == found


def test_the_status_of_a_node_alone_is_that_of_a_cluster_of_one(place: Place, tmp_path: Path) -> None:
    from nncp_agent.objects import conditions
    from nncp_agent.objects.enactment import Told, enactment

    place.write("a.yaml", _named("one"))
    policies, node = tuple(place.read().values()), ThisNode("node1")
    statuses, reports = FileStatuses(tmp_path / "run", lambda: 0.0), FileReports(tmp_path / "run")
    statuses.tell(policies, node, reports.enactments())
    text = (tmp_path / "run/policies/one.yaml").read_text()
    assert "Policy is progressing 0/1 nodes finished" in text
    reports.tell(enactment("node1", "", policies[0], Told(row=conditions.AVAILABLE), "1970-01-01T00:00:00Z"))
    statuses.tell(policies, node, reports.enactments())
    text = (tmp_path / "run/policies/one.yaml").read_text()
    assert "1/1 nodes successfully configured" in text and "observedGeneration: 1" in text
    again = FileReports(tmp_path / "run").enactments()
    assert again.keys() == {"one"}
    statuses.tell((), node, {})
    assert not (tmp_path / "run/policies/one.yaml").exists()
