"""Somebody at a node's shell, who types `nncp` and finds our plugins where an installer would lay them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.cni.node import Node
from tests.cni.runtime import GO

MANIFESTS: Final = Path(__file__).parents[1] / "manifests" / "definitions"
TREE: Final = Path(__file__).parents[2]
SEEDS: Final = [str(MANIFESTS / "nad-vlan-93.yaml"), str(MANIFESTS / "nad-br1-public.yaml")]


class Person:
    """Somebody at the node's shell; `bin` has our plugins, as an installer would lay them."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.bin = node.folder / "bin"
        self.bin.mkdir()
        for plugin in ("bridge", "tuning"):
            file = self.bin / f"cnv-{plugin}"
            file.write_text(f"#!/bin/sh\nPYTHONPATH={TREE} exec {shlex.quote(sys.executable)} -m cni.{plugin}\n")
            file.chmod(0o755)

    def nncp(self, *words: str, code: int = 0) -> str:
        """What it printed: its result, or where it failed all that it had to say."""
        environ = {**os.environ, "NNCP_STATE_DIR": str(self.node.folder / "state"), "CNI_PATH": f"{self.bin}:{GO}"}
        done = subprocess.run(
            [sys.executable, "-m", "nncp_agent.cli", *words], env=environ, capture_output=True, text=True, cwd=TREE
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if not code else done.stderr

    def attach(self, networks: str, *words: str, files: list[str] = SEEDS) -> list[dict[str, Any]]:
        named = [word for file in files for word in ("-f", file)]
        return list(json.loads(self.nncp("attach", networks, *named, *words)))

    def definition(self, name: str, config: dict[str, Any], namespace: str = "default") -> str:
        file = self.node.folder / f"{namespace}-{name}.json"
        value = {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"config": json.dumps(config)},
        }
        file.write_text(json.dumps(value))
        return str(file)

    def inside(self, netns: str, script: str) -> str:
        return self.node.sh(f"nsenter --net=/run/netns/{netns} sh -euc {shlex.quote(script)}")
