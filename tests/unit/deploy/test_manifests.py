"""The manifests of deploy/: whole, and in agreement with the code that they start."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nncp_agent.cli import words
from nncp_agent.installing import host
from tests.unit.deploy.manifests import DEPLOY, capabilities, daemon_pod, objects, one

FOLDERS = sorted(file.parent.name for file in DEPLOY.glob("*/kustomization.yaml"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_of_a_folder_is_named_by_its_kustomization_and_holds_objects(folder: str) -> None:
    listed = {each["kind"] for each in objects(folder)}
    assert listed
    files = {file.name for file in (DEPLOY / folder).glob("*.yaml")} - {"kustomization.yaml"}
    text = (DEPLOY / folder / "kustomization.yaml").read_text()
    assert {name for name in files if f"- {name}" not in text} == set()
    for each in objects(folder):
        assert each["apiVersion"], each
        assert each["metadata"]["name"], each


def test_the_host_is_mounted_where_the_installers_write_and_nowhere_else() -> None:
    pod = daemon_pod()
    paths = {each["name"]: each["hostPath"]["path"] for each in pod["volumes"] if "hostPath" in each}
    assert sorted(paths.values()) == sorted([host.PROGRAM, host.UNITS, "/opt/cni/bin"])
    mounted = {}
    for container in [*pod["initContainers"], *pod["containers"]]:
        mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"] if each["name"] in paths}
        mounted[container["name"]] = sorted(mounts)
        assert {name: f"/host{path}" for name, path in paths.items() if name in mounts} == mounts
    assert mounted == {"install-host": ["program", "units"], "install-cni": ["plugins"], "daemon": []}
    text = (DEPLOY / "base" / "daemon.yaml").read_text()
    assert all(re.search(rf"# .*\n {{8}}- name: {name}\n {{10}}hostPath", text) for name in paths), "each says why"


def containers() -> list[Any]:
    pods = [daemon_pod(), one("Deployment", "nncp-central")["spec"]["template"]["spec"]]
    return [each for pod in pods for each in (*pod.get("initContainers", ()), *pod["containers"])]


@pytest.mark.parametrize("container", containers(), ids=lambda each: each["name"])
def test_a_container_starts_a_verb_that_there_is_and_is_not_privileged(container: Any) -> None:
    probes = [container[each]["exec"]["command"] for each in ("readinessProbe", "livenessProbe")
              if "exec" in container.get(each, {})]  # fmt: skip
    for command in [container["command"], *probes]:
        assert command[0] == "nncp"
        _, options = words.parse([each.replace("$(", "a-").replace(")", "") for each in command[1:]])
        if options.verb == "host" and options.action == "run":
            words.parse(options.words)
    context = container["securityContext"]
    assert not context.get("privileged")
    assert context["capabilities"]["drop"] == ["ALL"]
    assert context["readOnlyRootFilesystem"] is True


def test_each_capability_of_the_daemon_says_what_for() -> None:
    assert len(capabilities()) == len(set(capabilities()))
    assert "ALL" not in capabilities()


def test_a_rollout_of_the_daemon_takes_a_tenth_of_the_nodes_at_a_time_and_reaches_all() -> None:
    daemon = one("DaemonSet", "nncp-daemon")["spec"]
    assert daemon["updateStrategy"]["rollingUpdate"]["maxUnavailable"] == "10%"
    assert daemon["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]


def test_selectors_select_what_they_stand_beside() -> None:
    for each in objects("base"):
        if "selector" in each.get("spec", {}):
            labels = each["spec"]["template"]["metadata"]["labels"]
            assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_the_image_is_made_from_package_registries_alone() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"debian:bookworm-slim"}
    assert not re.search(r"https?://|\bcurl\b|\bwget\b|\bgit\b|^ADD ", text, re.MULTILINE)


def test_alerts_are_about_metrics_that_there_are() -> None:
    code = "".join(file.read_text() for file in (DEPLOY.parent / "nncp_agent").rglob("*.py"))
    said = set(re.findall(r"\b(?:nncp|kubernetes_nmstate)_[a-z_]+", (DEPLOY / "monitoring/rules.yaml").read_text()))
    assert said
    for metric in said:
        name = metric.removesuffix("_total").removeprefix("kubernetes_nmstate_")
        assert f'"{name}"' in code, metric


def test_services_select_pods_whose_ports_have_the_names() -> None:
    pods = {"daemon": daemon_pod(), "central": one("Deployment", "nncp-central")["spec"]["template"]["spec"]}
    for service in (each for each in objects("monitoring") if each["kind"] == "Service"):
        component = service["spec"]["selector"]["app.kubernetes.io/component"]
        (container,) = pods[component]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for port in service["spec"]["ports"]:
            assert ports[port["targetPort"]] == port["port"]
