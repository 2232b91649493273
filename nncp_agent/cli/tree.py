"""What sits on what, as a tree: everything stands on what is indented under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from nncp_agent.cli.terminal import Style, harmless

Below = Mapping[str, Sequence[str]]
"""For each name what it stands on, in the order to print; names that are not keys are printed bare."""


def render(below: Below, describe: Callable[[str], str], style: Style | None = None) -> str:
    """The trees, one for each name that nothing stands on. What was printed before is only named again."""
    style = style or Style()
    carried = {name for names in below.values() for name in names}
    seen: set[str] = set()
    lines: list[str] = []
    # Loops (two veth ends) have no top: whatever no tree showed becomes one.
    for name in [*(name for name in below if name not in carried), *below]:
        if name not in seen:
            lines += _node(name, below, describe, style, seen)
    return "".join(f"{line}\n" for line in lines)


def _node(name: str, below: Below, describe: Callable[[str], str], style: Style, seen: set[str]) -> Iterator[str]:
    seen.add(name)
    children = list(below.get(name, ()))
    known = [child for child in children if child in seen]
    words = [style.bold(harmless(name)), describe(name)]
    words += [style.dim(f"(on {', '.join(map(harmless, known))}, above)")] if known else []
    yield "  ".join(word for word in words if word)
    left = [child for child in children if child not in seen]
    while left:
        drawn = list(_node(left[0], below, describe, style, seen))
        left = [child for child in left if child not in seen]  # one that a sister stands on is drawn under her
        branch, trunk = _RAILS[style.unicode][not left]
        yield branch + drawn[0]
        yield from (trunk + line for line in drawn[1:])


_RAILS = {
    True: {False: ("├─ ", "│  "), True: ("└─ ", "   ")},
    False: {False: ("|- ", "|  "), True: ("`- ", "   ")},
}
