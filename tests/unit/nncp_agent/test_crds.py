"""The CustomResourceDefinitions: not stale, structural, and as kubernetes-nmstate's clients know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netkernel import documents
from nncp_agent import crds
from nncp_agent.objects import conditions as c
from nncp_agent.objects.enactment import Told, enactment
from nncp_agent.objects.policy_status import status, summary
from tests.unit.nncp_agent.objects.worlds import NOW, a_policy, nodes, said

FOLDER = Path(crds.__file__).parents[1] / "deploy"
BY_KIND = {kind.kind: crds.definition(kind) for kind in crds.KINDS}


def schemas(kind: str) -> Iterator[dict[str, Any]]:
    for version in BY_KIND[kind]["spec"]["versions"]:
        yield version["schema"]["openAPIV3Schema"]


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with everything wrong that a server would drop silently."""
    made = {key: strict(each) if isinstance(each, dict) else each for key, each in schema.items()}
    if "properties" in schema:
        made["properties"] = {key: strict(each) for key, each in schema["properties"].items()}
        if schema["properties"]:
            made["additionalProperties"] = False
    return made


def test_the_published_definitions_are_what_the_tables_say() -> None:
    assert crds.main(["--check"]) == 0, "python -m nncp_agent.crds"


@pytest.mark.parametrize(
    ("kind", "versions", "short", "columns"),
    [
        ("NodeNetworkConfigurationPolicy", ["v1", "v1beta1", "v1alpha1"], ["nncp"], ["Status", "Reason"]),
        ("NodeNetworkConfigurationEnactment", ["v1beta1"], ["nnce"], ["Status", "Status Age", "Reason"]),
        ("NodeNetworkState", ["v1beta1"], ["nns"], []),
        ("NMState", ["v1", "v1beta1"], None, ["Status", "Reason"]),
    ],
)
def test_clients_find_what_they_know(kind: str, versions: list[str], short: list[str], columns: list[str]) -> None:
    spec = BY_KIND[kind]["spec"]
    assert (spec["group"], spec["scope"]) == ("nmstate.io", "Cluster")
    assert spec["names"].get("shortNames") == short
    assert [each["name"] for each in spec["versions"]] == versions
    assert [each["storage"] for each in spec["versions"]] == [True, *[False] * (len(versions) - 1)]
    for version in spec["versions"]:
        assert version["subresources"] == {"status": {}} and version["served"]
        assert [each["name"] for each in version.get("additionalPrinterColumns", [])] == columns


def nested(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for each in (*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")):
        if each:
            yield from nested(each)


@pytest.mark.parametrize("kind", [*BY_KIND])
def test_schemas_are_structural(kind: str) -> None:
    """Every level says its type, and none has properties beside additionalProperties: servers insist on both."""
    for schema in schemas(kind):
        for each in nested(schema):
            assert "type" in each or each.get("x-kubernetes-int-or-string")
            assert not ("properties" in each and "additionalProperties" in each)
            assert "x-kubernetes-validations" not in each


def test_nothing_of_what_we_write_would_be_dropped() -> None:
    policy, enactments = a_policy(), said(n0="failed", n1="aborted", n2="pending")
    told = Told(
        row=c.FAILED, desired={"interfaces": []}, captured={"a": {"state": {"routes": {}}}}, features=["bond"],
        retries=2, drifted="x", conflict="y", differences=["x"], plan=["p"], timings={"plan": 0.25}, deletion="Removed",
    )  # fmt: skip
    made = enactment("n0", "u", policy, told, NOW)
    for schema in schemas("NodeNetworkConfigurationEnactment"):
        jsonschema.validate(made["status"], strict(schema)["properties"]["status"])
    told_of = status(summary(policy, nodes(4), enactments, unavailable=1), NOW)
    for schema in schemas("NodeNetworkConfigurationPolicy"):
        jsonschema.validate(told_of, strict(schema)["properties"]["status"])


def test_a_desired_state_is_kept_whatever_it_holds() -> None:
    for schema in schemas("NodeNetworkConfigurationPolicy"):
        assert schema["properties"]["spec"]["properties"]["desiredState"]["x-kubernetes-preserve-unknown-fields"]


def test_rules_stand_apart() -> None:
    (with_rules,) = documents.read((FOLDER / "crds/rules/nodenetworkconfigurationpolicies.yaml").read_bytes())
    tree: Any = with_rules.value
    rules = tree["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["x-kubernetes-validations"]
    assert len(rules) == 2 and all("self.metadata" in each["rule"] or "self.spec" in each["rule"] for each in rules)
    policy, binding = documents.read((FOLDER / "admission/policies.yaml").read_bytes())
    values: list[Any] = [policy.value, binding.value]
    assert values[1]["spec"]["policyName"] == values[0]["metadata"]["name"]
    assert all("THIS" not in each["expression"] for each in values[0]["spec"]["validations"])
