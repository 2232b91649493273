"""A guest that needs no kernel: the errand's script as an ordinary process, with a guest's manners on its console."""

from __future__ import annotations

from dataclasses import dataclass

from lab.guest import Errand, contained

UP, DOWN = r"\036up\n", r"\036down\n"


@dataclass(frozen=True)
class StandIn:
    """`before` and `after` are shell commands around the errand."""

    before: str = ""
    after: str = ""
    title: str = "stand-in"
    guest: str = "uml"
    slowness: float = 1.0

    def command(self, errand: Errand, *, cpu: int, terminal: bool) -> list[str]:
        here = errand.directory
        steps = [
            "echo booting",
            self.before or ":",
            f"printf '{UP}'",
            f"(bash {here}/command.sh; echo $? >{here}/status)",
            self.after or ":",
            f"printf '{DOWN}'",
            "echo powering off",
        ]
        return contained(["bash", "-c", "; ".join(steps)])
