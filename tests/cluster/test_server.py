"""The API of the lab is a real one: what tests do to it and count on."""

from __future__ import annotations

import subprocess

import pytest

from lab.cluster import Server

pytestmark = pytest.mark.cluster


def test_it_serves_kubectl_and_says_which_release_it_is(server: Server) -> None:
    assert "default" in server.kubectl("get", "namespaces", "-o", "name")
    assert "Server Version" in server.kubectl("version")


def test_users_are_told_apart_and_may_do_nothing_until_they_are_given_it(server: Server) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        server.kubectl("get", "nodes", user="node1")
    assert 'User "node1" cannot list resource "nodes"' in refused.value.stderr


def test_it_keeps_what_it_has_over_a_kill_and_loses_it_with_its_store(server: Server) -> None:
    server.kubectl("create", "namespace", "kept")
    server.kill_api()
    server.start_api()
    assert "kept" in server.kubectl("get", "namespaces", "-o", "name")
    server.wipe()
    assert "kept" not in server.kubectl("get", "namespaces", "-o", "name")


def test_a_token_that_was_revoked_opens_nothing_any_more(server: Server) -> None:
    old = server.kubeconfig().read_text()
    server.revoke_tokens()
    stale = server.folder / "stale"
    stale.write_text(old)
    said = subprocess.run(
        [str(server.files.kubectl), "--kubeconfig", str(stale), "get", "namespaces"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "You must be logged in" in said.stderr
    assert "default" in server.kubectl("get", "namespaces", "-o", "name")
