"""The table of `make bench`, in Markdown."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from measure import Figures, per_invocation
from peers import REPOSITORY, shipped_bytes, zip_bytes


def table(all_figures: list[Figures]) -> str:
    rows = [("", *(figures.peer.name for figures in all_figures)), ("---", *("---:" for _ in all_figures))]
    for title, figure in FIGURES.items():
        cells = [shown(figure(figures)) for figures in all_figures]
        if any(cells):
            rows.append((title, *cells))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page(text: str, runs: int, load_before: str, load_after: str) -> str:
    """Returns RESULTS.md."""
    return f"""# Results

`make bench WRITE=1` wrote this page. [README.md](README.md) says how each figure is taken and what
it cannot show. Counts are exact; times are those of this machine on this day.

{circumstances(load_before, load_after)}
- medians of {runs} runs of each peer, in turn

{text}
"""


def scale_page(text: str, load_before: str, load_after: str) -> str:
    """Returns SCALE.md."""
    return f"""# Scale

`tests/bench/scale --write` wrote this page. The first tables are measured, with the table and ACS on
the same machine; the tables that say computed are arithmetic from them, from the prices and
assumptions in [prices.toml](prices.toml), and from the limits that Microsoft publishes.

{circumstances(load_before, load_after)}

{text}
"""


def circumstances(load_before: str, load_after: str) -> str:
    today = datetime.now(timezone.utc).date()
    versions = ", ".join(version(command) for command in VERSIONS)
    return (f"- {today}, {machine()}\n- {versions}\n"
            f"- load average over 1, 5 and 15 minutes: {load_before} before, {load_after} after")


def load() -> str:
    """Returns the machine's load over the last 1, 5 and 15 minutes; a quiet one has less than 1."""
    return " ".join(f"{load:.1f}" for load in os.getloadavg())


def machine() -> str:
    model = re.search(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    name = model[1] if model else platform.machine()
    return f"{os.cpu_count()} CPUs {name}, Linux {platform.release()}"


def version(command: tuple[str, ...]) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return " ".join([Path(command[0]).name, *re.findall(r"\d+\.\d[\d.]*", done.stdout)[:1]])


VERSIONS = (("rustc", "--version"), ("node", "--version"), (sys.executable, "--version"), ("valgrind", "--version"))


def shown(value: float | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}"


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
    "memory after 2,000 tokens, MB": lambda figures: figures.busy[0]["measured"]["rss_kb"] / 1000,
    "memory after 10,000 users, MB": Figures.crowd_mb,
    "long run: tokens": Figures.endurance_tokens,
    "long run: memory at its end, MB": Figures.endurance_mb,
    "long run: growth over its second half, MB": Figures.growth_mb,
    "what ships, kB": lambda figures: shipped_bytes(figures.peer) / 1000,
    "zip, kB": lambda figures: zip_bytes(figures.peer) / 1000,
    "crates": lambda figures: figures.peer.crates,
}
