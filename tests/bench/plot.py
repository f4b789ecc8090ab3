"""Draws docs/images/bench.svg: two rows of bars, ours first."""

from __future__ import annotations

from xml.sax.saxutils import escape

from measure import Figures

WIDTH, BAR, STEP, TOP, LEFT, RIGHT = 760, 18, 28, 44, 110, 90
OURS, OTHERS, TEXT = "#0b6e4f", "#9aa5b1", "#1f2933"


def draw(all_figures: list[Figures]) -> str:
    """Returns the picture of every peer that gives tokens."""
    shown = [figures for figures in all_figures if figures.peer.gives_tokens]
    panels = [
        ("From the start of the process to the first token, ms",
         [figures.init_wall_ms() + figures.first_wall_ms() for figures in shown]),
        ("CPU for a token, warm, microseconds", [figures.busy_cpu_us() for figures in shown]),
    ]
    names = [figures.peer.name for figures in shown]
    height = TOP + STEP * len(names)
    parts = [panel(title, names, values, height * index) for index, (title, values) in enumerate(panels)]
    total = height * len(panels) + 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="14">\n'
            f"<title>{escape('; '.join(title for title, _ in panels))}</title>\n"
            f'<rect width="{WIDTH}" height="{total}" fill="#ffffff"/>\n{"".join(parts)}</svg>\n')


def panel(title: str, names: list[str], values: list[float], top: int) -> str:
    scale = (WIDTH - LEFT - RIGHT) / max(values)
    lines = [f'<text x="12" y="{top + 28}" font-weight="600" fill="{TEXT}">{escape(title)}</text>']
    for index, (name, value) in enumerate(zip(names, values, strict=True)):
        y, length = top + TOP + STEP * index, max(2, value * scale)
        lines += [
            f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end" fill="{TEXT}">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{OTHERS if index else OURS}"/>',
            f'<text x="{LEFT + length + 6:.1f}" y="{y + 14}" fill="{TEXT}">{number(value)}</text>',
        ]
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"
