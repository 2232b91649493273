"""The leave this node has: asked for once, kept while it tries again, given back when it is of no use any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nncp_agent.node.doors import Answer, Slots
from nncp_agent.objects.policy import Policy

Wanted = tuple[str, int]
"""A policy and its generation."""


class Leave:
    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._held: set[Wanted] = set()

    def held(self, policies: Iterable[Policy]) -> dict[Wanted, Answer]:
        """What was granted and still is; what is for none of these policies goes back."""
        current = {(each.name, each.generation) for each in policies}
        for name, generation in self._held - current:
            self.give_back(name, generation, failed=False)
        return {each: self._slots.ask(*each) for each in sorted(self._held)}

    def ask(self, wanted: Iterable[Wanted]) -> Mapping[Wanted, Answer]:
        answers = {each: self._slots.ask(*each) for each in wanted}
        self._held |= {each for each, answer in answers.items() if answer is Answer.GRANTED}
        return answers

    def give_back(self, policy: str, generation: int, failed: bool) -> None:
        """It is done with, one way or the other. What nobody held need not go back."""
        if (policy, generation) in self._held:
            self._held.discard((policy, generation))
            self._slots.give_back(policy, generation, failed)
