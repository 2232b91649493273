"""A host's network as an SVG 1.1 picture: no script, no font and no picture of anybody else's, fit for a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from netkernel.host import Host
from nncp_agent.cli import glance
from nncp_agent.cli.picture import blocks
from nncp_agent.cli.picture.arrange import arrange
from nncp_agent.cli.picture.cards import LETTER, LINE, PADDING, Card, card
from nncp_agent.cli.terminal import width
from nncp_agent.model import NetworkState

EDGE: Final = 24.0
"""Pixels around everything."""
HEAD: Final = 34.0
FOOT: Final = 40.0
COLOURS: Final = {
    "nic": ("#eaf1f8", "#4a76a8", "NIC"),
    "bond": ("#f1ebfa", "#7a55b5", "bond"),
    "bridge": ("#e7f5ec", "#2f8a57", "bridge"),
    "vlan": ("#fdf1e0", "#c07a12", "VLAN"),
    "tunnel": ("#e3f4f6", "#23808d", "tunnel"),
    "vrf": ("#fbe9ef", "#b5446b", "VRF"),
    "other": ("#f2f2f2", "#777777", "other"),
}
"""By family: what fills a box, its border, and its name in the legend."""
STYLE: Final = """\
text{font:12px "DejaVu Sans Mono","Liberation Mono",Menlo,Consolas,monospace;fill:#1c2733}
.name{font-weight:bold}.head{font-size:15px;font-weight:bold}.faint{fill:#5b6773}
.line{fill:none;stroke:#8a96a3;stroke-width:1.5}.frame{fill:#fafbfc;stroke:#c9d1d9;stroke-dasharray:2 3}
.box{stroke-width:1.5}.down{stroke-dasharray:5 3;fill:#fff}.down~text{fill:#5b6773}
.alarm{stroke:#c62828;stroke-width:2.5}
"""


def draw(
    state: NetworkState, host: Host, title: str, held: Mapping[str, glance.By], *, everything: bool = False
) -> Iterator[str]:
    """The picture, piece by piece. `everything` has all addresses of each interface."""
    interfaces = {each.name: each for each in state.interfaces or ()}
    cards = {name: card(each, host, held.get(name), everything=everything) for name, each in interfaces.items()}
    below = {
        name: [carrier for carrier in dict.fromkeys((*glance.ports(each), *glance.below(each))) if carrier in cards]
        for name, each in interfaces.items()
    }
    yield from render(below, cards, title)


def render(below: Mapping[str, Sequence[str]], cards: Mapping[str, Card], title: str) -> Iterator[str]:
    """Boxes, frames and lines where `arrange` puts them, under a title and over a legend."""
    plan = arrange(below, {name: each.size for name, each in cards.items()})
    families = [family for family in COLOURS if any(each.family == family for each in cards.values())]
    legend = _legend(families, any(not x.is_up for x in cards.values()), any(x.is_alarming for x in cards.values()))
    wide = max(plan.width, _legend_width(legend), width(title) * LETTER * 1.25) + 2 * EDGE
    tall = plan.height + HEAD + FOOT + 2 * EDGE
    plan = plan.moved(EDGE, EDGE + HEAD)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{tall:.0f}" '
    yield f'viewBox="0 0 {wide:.0f} {tall:.0f}" role="img">\n<title>{escape(title)}</title>\n<style>\n{STYLE}</style>\n'
    yield '<rect width="100%" height="100%" fill="#fff"/>\n'
    yield f'<text class="head" x="{EDGE}" y="{EDGE + 14}">{escape(title)}</text>\n'
    for frame in plan.frames:
        yield f'<rect class="frame" {_place(frame)} rx="8"/>\n'
    for line in plan.lines:
        yield f'<path class="line" d="{_path(line.points)}"/>\n'
    for box in plan.boxes:
        yield from _box(box, cards[box.name])
    yield from _legend_row(legend, EDGE, tall - EDGE)
    yield "</svg>\n"


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Level at every point, with an S between two that are not on one height."""
    (x, y), *rest = points
    words = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        middle = (x + to_x) / 2
        curve = f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} "
        words.append(f"{'L' if abs(to_y - y) < 0.05 else curve}{to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(words)


def _box(box: blocks.Box, card: Card) -> Iterator[str]:
    fill, stroke, _ = COLOURS[card.family]
    words = ["box", *(["down"] if not card.is_up else []), *(["alarm"] if card.is_alarming else [])]
    yield f'<g class="interface"><title>{escape(card.whole)}</title>'
    yield f'<rect class="{" ".join(words)}" {_place(box)} rx="5" fill="{fill}" stroke="{stroke}"/>'
    for at, text in enumerate((card.name, *card.lines)):
        kind = "name" if at == 0 else "faint" if at == 1 else ""
        y = box.y + PADDING / 2 + (at + 0.75) * LINE
        yield _text(text, box.x + PADDING, y, kind)
    yield "</g>\n"


def _place(part: blocks.Box | blocks.Frame) -> str:
    return f'x="{part.x:.1f}" y="{part.y:.1f}" width="{part.width:.1f}" height="{part.height:.1f}"'


def _text(text: str, x: float, y: float, kind: str = "") -> str:
    """Text of exactly the width it was given room for, whatever font the reader has."""
    length = f' textLength="{width(text) * LETTER:.1f}" lengthAdjust="spacingAndGlyphs"' if text else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}"{length} xml:space="preserve">{escape(text)}</text>'


Legend = Sequence[tuple[str, str, str, str]]
"""Fill, stroke, class and word of each."""


def _legend(families: Sequence[str], anything_down: bool, anything_alarming: bool) -> Legend:
    rows = [(*COLOURS[family][:2], "box", COLOURS[family][2]) for family in families]
    rows += [("#fff", "#777777", "box down", "not up")] if anything_down else []
    return [*rows, *([("#fff", "#c62828", "box alarm", "no carrier")] if anything_alarming else [])]


def _legend_width(legend: Legend) -> float:
    return sum(26 + width(word) * LETTER + 18 for *_, word in legend)


def _legend_row(legend: Legend, x: float, y: float) -> Iterator[str]:
    for fill, stroke, kind, word in legend:
        swatch = _place(blocks.Frame(x, y - 11, 18, 13))
        yield f'<rect class="{kind}" {swatch} rx="3" fill="{fill}" stroke="{stroke}"/>'
        yield _text(word, x + 26, y, "faint") + "\n"
        x += 26 + width(word) * LETTER + 18
