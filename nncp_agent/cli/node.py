"""The options that say which node a policy is read on, and the node they make with /etc/nncp/node.yaml."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.words import Usage

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from nncp_agent.policy.node import Node


def arguments(parser: ArgumentParser, also: str = "") -> None:
    """What `{{ node.… }}` stands for; `also` is what else --node may be."""
    add = parser.add_argument
    add("--node", metavar="FILE", help=f"what {{{{ node.… }}}} stands for, instead of /etc/nncp/node.yaml{also}")
    add("--node-name", metavar="NODE", help="the value of {{ node.name }}")
    add("--label", metavar="KEY=VALUE", action="append", default=[], help="a label of the node; may be repeated")
    add("--annotation", metavar="KEY=VALUE", action="append", default=[], help="likewise; may be repeated")


def is_a_name(word: str) -> bool:
    """Whether --node says which node of a cluster: no file is meant, and none of that name is here."""
    return "/" not in word and not word.endswith((".yaml", ".yml", ".json")) and not os.path.exists(word)


def node(call: Call) -> Node:
    """The node of the file with what the options say otherwise. Raises InvalidPolicy, Usage."""
    from nncp_agent import node_file

    given = call.options
    if not hasattr(given, "node"):
        return node_file.node()  # a verb without these options
    labels, annotations = _pairs("--label", given.label), _pairs("--annotation", given.annotation)
    return node_file.node(given.node).also(given.node_name, labels, annotations)


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (key, separator, _) in zip(texts, pairs, strict=True):
        if not key or not separator:
            raise Usage(f"{option} '{text}': wanted KEY=VALUE")
    return {key: value for key, _, value in pairs}
