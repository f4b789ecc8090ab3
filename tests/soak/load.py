"""A running stack, its users, and load on it at a steady rate."""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

THREADS = 24
TIMEOUT_SECONDS = 30
REST_SECONDS = 2
Address = tuple[str, int]


@dataclass
class Answer:
    """What a request got: status 0 where there was no answer."""

    status: int
    milliseconds: float
    retry_after: str | None
    body: dict
    at: float


@dataclass
class Load:
    """The answers to a stretch of load, by user."""

    answers: list[tuple[int, Answer]] = field(default_factory=list)

    def of(self, users: range) -> Load:
        return Load([(user, answer) for user, answer in self.answers if user in users])

    def statuses(self) -> Counter:
        return Counter(answer.status for _, answer in self.answers)

    def milliseconds(self, *statuses: int) -> list[float]:
        return sorted(a.milliseconds for _, a in self.answers if not statuses or a.status in statuses)


class Stack:
    """The local stack as a process of its own."""

    def __init__(self, program: Path):
        command = [program, "--in-memory", "--json", "--port", "0", "--acs-port", "0",
                   "--acs-https-port", "0", "--table-port", "0"]
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.gateway, self.acs = address(ready["gateway"]), address(ready["acs"]["http"])
        self.connections = threading.local()

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def call(self, server: Address, method: str, path: str, body: object = None, session: str = "") -> Answer:
        """Sends a request on this thread's own connection. One that has rested may be closed at the other end."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {session}"} if session else {})
        kept = self.connections.__dict__
        began = time.monotonic()
        connection, used = kept.get(server, (None, 0.0))
        if began - used > REST_SECONDS:
            connection = http.client.HTTPConnection(*server, timeout=TIMEOUT_SECONDS)
        kept[server] = (connection, began)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text, status, wait = response.read(), response.status, response.headers.get("Retry-After")
        except (OSError, http.client.HTTPException):
            connection.close()
            del kept[server]
            text, status, wait = b"", 0, None
        took = (time.monotonic() - began) * 1000
        is_json = text[:1] in (b"{", b"[")
        return Answer(status, took, wait, json.loads(text) if is_json else {}, began)

    def dev(self, method: str, path: str, body: object = None) -> dict:
        """Returns the answer of `/dev`, which never fails."""
        answer = self.call(self.gateway, method, f"/dev/{path}", body)
        if answer.status >= 400 or answer.status == 0:
            raise RuntimeError(f"/dev/{path}: {answer.status} {answer.body}")
        return answer.body

    def sign_in(self, user: int) -> str:
        signed_in = int(time.time()) - 60
        return self.dev("POST", "sign-in", {"subject": f"user-{user}", "authTime": signed_in})["token"]

    def token(self, session: str) -> Answer:
        return self.call(self.gateway, "POST", "/v1/token", {}, session)

    def users(self, count: int) -> tuple[list[str], list[str]]:
        """Returns the sessions and the first tokens of so many users."""
        with ThreadPoolExecutor(THREADS) as threads:
            sessions = list(threads.map(self.sign_in, range(count)))
            tokens = [answer.body["token"] for answer in threads.map(self.token, sessions)]
        return sessions, tokens

    def is_live(self, token: str) -> bool:
        return self.call(self.acs, "POST", "/_emulator/introspect", {"token": token}).body["active"]

    def live(self, tokens: list[str]) -> list[str]:
        """Returns the tokens that ACS accepts."""
        with ThreadPoolExecutor(THREADS) as threads:
            return [token for token, is_live in zip(tokens, threads.map(self.is_live, tokens), strict=True) if is_live]

    def acs_calls(self, *operations: str) -> int:
        """Returns how many requests of these operations have reached ACS."""
        counters = self.call(self.acs, "GET", "/_emulator/counters").body
        return sum(counters.get(operation, {}).get("requests", 0) for operation in operations)

    @contextlib.contextmanager
    def fault(self, fault: dict) -> Iterator[None]:
        """Has a fault in force, and ends it."""
        self.dev("POST", "faults", fault)
        try:
            yield
        finally:
            self.dev("DELETE", "faults")

    def run(self, streams: list[tuple[range, float]], seconds: float, sessions: list[str]) -> Load:
        """Asks for tokens: each stream's users in turn, so many requests a second of the stream."""
        due, load, lock = queue.Queue(), Load(), threading.Lock()

        def work() -> None:
            while (user := due.get()) is not None:
                answer = self.token(sessions[user])
                with lock:
                    load.answers.append((user, answer))

        workers = [threading.Thread(target=work) for _ in range(THREADS * 2)]
        for worker in workers:
            worker.start()
        plan = sorted((number / rate, users[number % len(users)])
                      for users, rate in streams for number in range(int(rate * seconds)))
        began = time.monotonic()
        for at, user in plan:
            wait = began + at - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            due.put(user)
        for _ in workers:
            due.put(None)
        for worker in workers:
            worker.join()
        return load


def address(url: str) -> Address:
    parts = urlsplit(url)
    return parts.hostname, parts.port


def quantile(values: list[float], share: float) -> float:
    """Returns a quantile of sorted values."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def fairness(counts: list[int]) -> float:
    """Returns Jain's index: 1 where all have the same, 1/n where one has everything."""
    squares = len(counts) * sum(count * count for count in counts)
    return sum(counts) ** 2 / squares if squares else 1.0


def median(values: list[float]) -> float:
    return statistics.median(values) if values else float("nan")
