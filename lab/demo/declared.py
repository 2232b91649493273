"""The second part: policies that are declared somewhere, and the node's daemon that keeps them.

Somewhere is a directory of the node or a Kubernetes API; the story is the same.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from lab.cluster import Server
from lab.demo.by_hand import BOTH, EXAMPLES
from lab.demo.node import GATEWAY, link, reaches, settled
from lab.demo.story import Story
from netkernel.documents import read

CUTS_THE_NODE_OFF: Final = "wrong-subnet"
NODE: Final = """\
metadata:
  name: worker-0
  labels: {node-role.kubernetes.io/worker: ""}
"""
NAMESPACE: Final = "apiVersion: v1\nkind: Namespace\nmetadata: {name: nncp-agent}\n"
DEPLOY: Final = EXAMPLES.parent
MISSPELT: Final = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: storage}
spec:
  desiredState:
    interfaces:
      - name: bond1.200
        type: vlan
        vlan: {base-iface: bond1, idd: 200}
"""
WITHIN_S: Final = 120.0


class Place(Protocol):
    """Where policies are declared."""

    def begin(self, story: Story) -> None:
        """The place is there, and the daemon keeps what is in it."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What people's commands need to know of it."""

    @property
    def options(self) -> list[str]:
        """What the daemon needs to know of it."""

    def declare(self, story: Story, *files: str) -> None: ...

    def table(self, story: Story) -> None:
        """Policies and enactments, as people look at them."""

    def condition(self, story: Story, policy: str) -> Mapping[str, Any]:
        """The one of the node's enactment that is true; empty when there is none."""


class Directory:
    """Beside the story's files."""

    def begin(self, story: Story) -> None:
        (story.directory / "policies").mkdir()
        story.file("node.yaml", NODE)
        story.aside("nncp daemon --manifests policies --node-file node.yaml &")

    environment: Final[Mapping[str, str]] = {}

    @property
    def options(self) -> list[str]:
        return ["--manifests", "policies", "--node-file", "node.yaml"]

    def declare(self, story: Story, *files: str) -> None:
        for file in files:
            story.aside(f"cp {file} policies/")
            shutil.copy(story.directory / file, story.directory / "policies" / file)

    def table(self, story: Story) -> None:
        story.nncp("policies")
        story.nncp("enactments")
        story.nncp("show", "-o", "tree")

    def condition(self, story: Story, policy: str) -> Mapping[str, Any]:
        for file in (story.directory / "run" / "enactments").glob("*.yaml"):
            enactment: Any = read(file.read_bytes(), str(file))[0].value
            if enactment["metadata"]["labels"]["nmstate.io/policy"] == policy:
                return _true_one(enactment)
        return {}


class Cluster:
    """A Kubernetes API on this machine, and a Node in it, which no kubelet made."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def begin(self, story: Story) -> None:
        for name, text in (("node.yaml", f"apiVersion: v1\nkind: Node\n{NODE}"), ("namespace.yaml", NAMESPACE)):
            (story.directory / name).write_text(text)
        self._kubectl(story, "apply", "-k", str(DEPLOY / "crds"), line="kubectl apply -k deploy/crds")
        self._kubectl(story, "apply", "-f", "namespace.yaml", "-f", "node.yaml")
        story.aside("nncp central &")
        story.aside("nncp daemon --node-name worker-0 &")

    @property
    def environment(self) -> dict[str, str]:
        return {"KUBECONFIG": str(self._server.kubeconfig())}

    @property
    def options(self) -> list[str]:
        return ["--kubeconfig", str(self._server.kubeconfig()), "--node-name", "worker-0"]

    def declare(self, story: Story, *files: str) -> None:
        self._kubectl(story, "apply", *(word for file in files for word in ("-f", file)))

    def table(self, story: Story) -> None:
        wait = ["wait", "--for=condition=Available", "--timeout=60s", "nncp/worker-bond1", "nncp/worker-bond1-br1"]
        self._kubectl(story, *wait)
        self._kubectl(story, "get", "nncp,nnce,nns")
        story.nncp("show", "--node", "worker-0", "-o", "tree")

    def condition(self, story: Story, policy: str) -> Mapping[str, Any]:
        said = self._kubectl(story, "get", "nnce", "-l", f"nmstate.io/policy={policy}", "-o", "json", line="")
        items = json.loads(said)["items"]
        return _true_one(items[0]) if items else {}

    def _kubectl(self, story: Story, *words: str, line: str | None = None) -> str:
        command = [str(self._server.files.kubectl), "--kubeconfig", str(self._server.kubeconfig()), *words]
        return story.run(command, f"kubectl {' '.join(words)}" if line is None else line)


def _true_one(enactment: Any) -> Mapping[str, Any]:
    found = [each for each in enactment["status"].get("conditions", ()) if each["status"] == "True"]
    return found[0] if found else {}


@contextmanager
def running(story: Story, *words: str) -> Iterator[None]:
    """`nncp` with these words, in the background of the story; it ends with the block."""
    log = story.directory / f"{words[0]}.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["nncp", *words], cwd=story.directory, env=story.environment, stdout=said, stderr=said
        )
    try:
        yield
    except BaseException:
        story.say(log.read_text())
        raise
    finally:
        process.terminate()
        process.wait(WITHIN_S)


def tell(story: Story, place: Place) -> None:
    """Two policies, in the wrong order; a misspelt one; one that cuts the node off."""
    story.chapter("10. The two policies, the bridge first: it waits for its bond, then both are Available.")
    place.declare(story, BOTH[1])
    story.becomes("the bridge's policy is Pending", lambda: _is(place, story, "worker-bond1-br1", "Pending"))
    story.say(str(place.condition(story, "worker-bond1-br1").get("message", "")))
    place.declare(story, BOTH[0])
    for name in ("worker-bond1", "worker-bond1-br1"):
        story.becomes(f"{name} is Available", lambda name=name: _is(place, story, name, "Available"))  # type: ignore[misc]
    place.table(story)
    story.promise("bond1 is a port of br1, eth2 and eth3 are ports of bond1", _are_wired())

    story.chapter("11. A policy with a misspelt key is refused; one that cuts the node off is rolled back.")
    story.file("storage.yaml", MISSPELT)
    place.declare(story, "storage.yaml", f"{CUTS_THE_NODE_OFF}.yaml")
    for name in ("storage", CUTS_THE_NODE_OFF):
        story.becomes(f"{name} is Failing", lambda name=name: _is(place, story, name, "Failing"))  # type: ignore[misc]
        story.say(str(place.condition(story, name).get("message", "")))
    story.promise("the node's network is as it was", _are_wired() and settled(lambda: reaches(GATEWAY)))


def _is(place: Place, story: Story, policy: str, condition: str) -> bool:
    return place.condition(story, policy).get("type") == condition


def _are_wired() -> bool:
    return link("bond1").get("master") == "br1" and {link(f"eth{n}").get("master") for n in (2, 3)} == {"bond1"}
