"""Runs a peer under the driver, once for each kind of figure, and keeps the medians."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from peers import IN_FLIGHT, Failure, Peer

GAP_MS = 5
DRIVER_TIMEOUT_SECONDS = 1800


class Driver:
    """The driver's program, and how to ask it for a run."""

    def __init__(self, program: Path):
        self.program = program

    def run(self, peer: Peer, *, users: int, invocations: int, warm_up: int | None = None, gap_ms: int | None = None,
            in_flight: int = 1, chunk: int | None = None, due: bool = False, around: tuple[str, ...] = ()) -> dict:
        """Returns the driver's report. Unless told, each user is served once before the invocations that count."""
        warm_up = users - 1 if warm_up is None else warm_up
        options = {"users": users, "invocations": invocations, "warm-up": warm_up, "in-flight": in_flight,
                   "gap-ms": gap_ms, "chunk": chunk}
        command = [str(self.program)]
        command += [f"--{name}={value}" for name, value in options.items() if value is not None]
        command += [f"--env={name}={value}" for name, value in peer.environment.items()]
        if in_flight > 1:
            command.append(f"--env=AWS_LAMBDA_MAX_CONCURRENCY={in_flight}")
        if due:
            command.append("--due")
        if not peer.gives_tokens:
            command.append("--without-tokens")
        command += ["--", *around, *peer.command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DRIVER_TIMEOUT_SECONDS, check=False)
        if done.returncode != 0:
            raise Failure(f"{peer.name} is disqualified: {done.stderr.strip()[-2000:]}")
        return json.loads(done.stdout)


def instructions(driver: Driver, peer: Peer, *, users: int, few: int, many: int) -> float:
    """Returns the instructions of a warm invocation: the difference of two lengths, divided."""
    counts = [total_instructions(driver, peer, users, length) for length in (few, many)]
    return (counts[1] - counts[0]) / (many - few)


def total_instructions(driver: Driver, peer: Peer, users: int, invocations: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "callgrind.out"
        around = (valgrind(), "--tool=callgrind", f"--callgrind-out-file={profile}", "--quiet")
        driver.run(peer, users=users, invocations=invocations, around=around)
        total = re.search(r"^(?:summary|totals): (\d+)", profile.read_text(), re.MULTILINE)
    if total is None:
        raise Failure(f"valgrind counted nothing in {peer.name}")
    return int(total[1])


@functools.cache
def valgrind() -> str:
    """Returns the program's path; installs it where that can be done."""
    if shutil.which("valgrind") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("installing valgrind by apt-get", file=sys.stderr)
        command = ["apt-get", "install", "--yes", "--quiet=2", "valgrind"]
        subprocess.run(command, stdout=sys.stderr, check=False)
    program = shutil.which("valgrind")
    if program is None:
        raise Failure("this needs valgrind: apt-get install valgrind, or dnf install valgrind")
    return program


class Figures:
    """What a table says about one peer, from several runs of it."""

    def __init__(self, peer: Peer):
        self.peer = peer
        self.idle: list[dict] = []
        self.busy: list[dict] = []
        self.many: list[dict] = []
        self.reuse: list[dict] = []
        self.crowd: dict | None = None
        self.endurance: dict | None = None
        self.instructions: float | None = None

    def run(self, driver: Driver, *, idle: int, busy: int) -> None:
        """Runs once with gaps and once without."""
        self.idle.append(driver.run(self.peer, users=idle, invocations=idle, gap_ms=GAP_MS))
        self.busy.append(driver.run(self.peer, users=busy, invocations=busy))

    def run_in_flight(self, driver: Driver, *, invocations: int) -> None:
        if self.peer.takes_many:
            self.many.append(driver.run(self.peer, users=invocations, invocations=invocations, in_flight=IN_FLIGHT))

    def run_reuse(self, driver: Driver, *, invocations: int) -> None:
        """One user asks again and again."""
        if self.peer.gives_tokens:
            self.reuse.append(driver.run(self.peer, users=1, warm_up=10, invocations=invocations))

    def run_crowd(self, driver: Driver, *, users: int) -> None:
        """Each of many users asks once."""
        if self.peer.gives_tokens:
            self.crowd = driver.run(self.peer, users=users, warm_up=0, invocations=users)

    def run_endurance(self, driver: Driver, *, invocations: int) -> None:
        """Each user asks twice; memory is read at ten points."""
        self.endurance = driver.run(
            self.peer, users=invocations // 2, warm_up=0, invocations=invocations, chunk=invocations // 10)

    def count(self, driver: Driver, *, users: int, few: int, many: int) -> None:
        if self.peer.is_native:
            self.instructions = instructions(driver, self.peer, users=users, few=few, many=many)

    @property
    def starts(self) -> list[dict]:
        return self.idle + self.busy

    def init_cpu_ms(self) -> float:
        return median(run["init"]["cpu_ns"] for run in self.starts) / 1e6

    def init_wall_ms(self) -> float:
        return median(run["init"]["wall_ns"] for run in self.starts) / 1e6

    def first_cpu_ms(self) -> float:
        return median(run["first"]["cpu_ns"] for run in self.starts) / 1e6

    def first_wall_ms(self) -> float:
        return median(run["first"]["wall_ns"] for run in self.starts) / 1e6

    def idle_cpu_us(self, percent: int) -> float:
        return median(percentile(run["cpu_ns"], percent) for run in self.idle) / 1e3

    def busy_cpu_us(self) -> float:
        return median(per_invocation(run, "cpu_ns") for run in self.busy) / 1e3

    def many_cpu_us(self) -> float | None:
        return median(per_invocation(run, "cpu_ns") for run in self.many) / 1e3 if self.many else None

    def crowd_mb(self) -> float | None:
        return self.crowd["measured"]["rss_kb"] / 1000 if self.crowd else None

    def endurance_tokens(self) -> int | None:
        return self.endurance["measured"]["invocations"] if self.endurance else None

    def endurance_mb(self) -> float | None:
        return self.endurance["rss_kb"][-1] / 1000 if self.endurance else None

    def growth_mb(self) -> float | None:
        """Returns what memory grows by over the second half of the long run."""
        return (self.endurance["rss_kb"][-1] - self.endurance["rss_kb"][4]) / 1000 if self.endurance else None

    def reuse_cpu_us(self) -> float | None:
        return median(per_invocation(run, "cpu_ns") for run in self.reuse) / 1e3 if self.reuse else None


def per_invocation(run: dict, member: str, phase: str = "measured") -> float:
    return run[phase][member] / run[phase]["invocations"]


def median(values) -> float:
    return statistics.median(values)


def percentile(values: list[int], percent: int) -> int:
    """Returns the smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
