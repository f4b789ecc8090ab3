"""The table of `make bench`, in Markdown."""

from __future__ import annotations

from measure import Figures, per_invocation


def table(all_figures: list[Figures]) -> str:
    rows = [("", *(figures.peer.name for figures in all_figures)), ("---", *("---:" for _ in all_figures))]
    for title, figure in FIGURES.items():
        rows.append((title, *(shown(figure(figures)) for figures in all_figures)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def shown(value: float | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}" if value < 10 else f"{value:,.1f}"


def calls(run: dict, phase: str) -> str:
    """Returns the calls to the table and to ACS of one invocation."""
    return " + ".join(f"{per_invocation(run, member, phase):.3g}" for member in ("table_calls", "acs_calls"))


def connections(run: dict, phase: str) -> str:
    """Returns the connections and the handshakes, those that resume a session included."""
    part = run[phase]
    return f"{part['connections']}, {part['full_handshakes'] + part['resumed_handshakes']}"



FIGURES = {
    "init, CPU ms": Figures.init_cpu_ms,
    "init, wall ms": Figures.init_wall_ms,
    "first invocation, CPU ms": Figures.first_cpu_ms,
    "first invocation, wall ms": Figures.first_wall_ms,
    "warm with idle gaps, CPU us, p50": lambda figures: figures.idle_cpu_us(50),
    "warm with idle gaps, CPU us, p99": lambda figures: figures.idle_cpu_us(99),
    "warm back to back, CPU us, mean": Figures.busy_cpu_us,
    "16 in flight, CPU us, mean": Figures.many_cpu_us,
    "one user again and again, CPU us, mean": Figures.reuse_cpu_us,
    "warm, thousand instructions": lambda figures: figures.instructions and figures.instructions / 1000,
    "init: connections, handshakes": lambda figures: connections(figures.busy[0], "init"),
    "first: connections, handshakes": lambda figures: connections(figures.busy[0], "first"),
    "first: calls to table + ACS": lambda figures: calls(figures.busy[0], "first"),
    "warm: calls to table + ACS": lambda figures: calls(figures.busy[0], "measured"),
    "warm: connections, handshakes": lambda figures: connections(figures.busy[0], "measured"),
    "one user: calls to table + ACS": lambda figures: calls(figures.reuse[0], "measured") if figures.reuse else None,
    "log, bytes an invocation": lambda figures: per_invocation(figures.busy[0], "log_bytes"),
    "memory after init, MB": lambda figures: figures.busy[0]["init"]["rss_kb"] / 1000,
    "memory after the run, MB": lambda figures: figures.busy[0]["measured"]["rss_kb"] / 1000,
}
