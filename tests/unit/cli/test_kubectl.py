"""As a plugin of kubectl: of a cluster without being told so, and completing as kubectl wants it."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.command import nncp


def completed(*words: str) -> list[str]:
    return nncp(*words, called="kubectl_complete-nncp").out.splitlines()


def test_verbs_are_completed_with_what_they_do() -> None:
    found = completed("enact")
    assert found == ["enactments\twhat became of policies on each node", ":4"]
    assert len(completed("")) > 20


def test_options_and_their_values_are_completed() -> None:
    assert [line.partition("\t")[0] for line in completed("nodes", "--k")] == ["--kubeconfig", ":4"]
    assert completed("nodes", "-o", "") == ["table", "yaml", "json", "name", ":4"]
    assert completed("apply", "bo")[-1] == ":0", "files, as the shell completes them"


def test_it_asks_the_cluster_where_nncp_would_ask_this_node(tmp_path: Path) -> None:
    config = {"KUBECONFIG": str(tmp_path / "none")}
    as_plugin = nncp("policies", called="kubectl-nncp", environ={"KUBECONFIG": str(tmp_path / "config")})
    assert as_plugin.code == 1
    assert "config" in as_plugin.err
    assert nncp("policies", environ=config).code == 1
    assert nncp("policies", "--run-dir", str(tmp_path), environ=config).code == 0


def test_a_run_directory_and_a_cluster_are_not_both_asked(tmp_path: Path) -> None:
    done = nncp("policies", "--cluster", "--run-dir", str(tmp_path))
    assert done.code == 2
    assert "leave it out for a cluster" in done.err
