"""Where an API server's files come from, and what its source is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.setup import cluster
from lab.setup.base import SetupFailed


def test_no_server_is_at_hand_where_none_was_built(tmp_path: Path) -> None:
    assert cluster.at_hand({"XDG_CACHE_HOME": str(tmp_path)}) is None


def test_files_that_are_named_are_taken_and_none_is_built(tmp_path: Path) -> None:
    named = {name: executable(tmp_path / name) for name in ("etcd", "kube-apiserver", "kubectl")}
    found = cluster.at_hand({"KUBEBUILDER_ASSETS": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "empty")})
    assert found == cluster.Binaries(named["etcd"], named["kube-apiserver"], named["kubectl"])


def test_a_server_of_the_users_own_goes_with_whatever_else_there_is(tmp_path: Path) -> None:
    for name in ("etcd", "kube-apiserver", "kubectl", "newer"):
        executable(tmp_path / name)
    found = cluster.at_hand({"KUBEBUILDER_ASSETS": str(tmp_path), "KUBE_APISERVER": str(tmp_path / "newer")})
    assert found is not None
    assert found.apiserver == tmp_path / "newer"


def test_a_named_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match=r"etcd: no executable is there \(KUBEBUILDER_ASSETS"):
        cluster.at_hand({"KUBEBUILDER_ASSETS": str(tmp_path)})


def test_the_server_describes_the_packages_that_ask_for_it(tmp_path: Path) -> None:
    wanted = "// +k8s:openapi-gen=true\npackage v1\n"
    for file, text in {
        "pkg/apis/a/types.go": wanted,
        "pkg/apis/b/types.go": "package b\n",
        "pkg/apis/c/types_test.go": wanted,
        "staging/src/k8s.io/api/core/v1/doc.go": wanted,
        "staging/src/k8s.io/kubectl/doc.go": wanted,
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert cluster.described(tmp_path) == [
        "k8s.io/kubernetes/pkg/apis/a",
        "k8s.io/kubernetes/vendor/k8s.io/api/core/v1",
    ]


def executable(file: Path) -> Path:
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file
