"""Bad days, each played on a stack of its own. A scenario returns what it found, as short texts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from load import THREADS, Load, Stack, fairness, median, quantile

QUOTA_PER_SECOND = 1000 / 30  # tokens that ACS issues to one resource
DARK_MS = 50
SWEEP_SECONDS = 60
Findings = list[str]


def greedy_user(stack: Stack, scale: float) -> Findings:
    """One user asks 50 times a second, beside 50 others who ask once a second each."""
    sessions, _ = stack.users(51)
    others, greedy = range(1, 51), range(1)
    usual = stack.run([(others, 50)], 20 * scale, sessions)
    both = stack.run([(others, 50), (greedy, 50)], 30 * scale, sessions)
    of_others = both.of(others)
    return [
        f"others: {texts(of_others)}; usually {latency(usual.milliseconds())}, beside the greedy user "
        f"{latency(of_others.milliseconds())}",
        f"greedy user: {texts(both.of(greedy))}",
    ]


def quota(stack: Stack, scale: float) -> Findings:
    """Ten times as many requests as ACS's quota allows, by 10,000 users in turn."""
    count = max(500, int(10_000 * scale))
    sessions, _ = stack.users(count)
    stack.dev("PUT", "quotas", {"enforce": True})
    before, rate = stack.acs_calls("issue"), 10 * QUOTA_PER_SECOND
    load = stack.run([(range(count), rate)], 300 * scale, sessions)
    calls, given = stack.acs_calls("issue") - before, [0] * count
    for user, answer in load.answers:
        given[user] += answer.status == 200
    asked = len(load.answers)
    silent = [a for _, a in load.answers if a.status in (429, 503) and a.retry_after is None]
    return [
        f"{asked} requests: {texts(load)}, {latency(load.milliseconds())}; without Retry-After: {len(silent)}",
        f"calls of ACS for each request: {calls / asked:.3f}",
        f"tokens: {sum(given)}; by user from {min(given)} to {max(given)}, Jain's index {fairness(given):.2f}",
    ]


def acs_refuses(stack: Stack, scale: float) -> Findings:
    """ACS answers 503 to everything, and comes back."""
    return dark(stack, {"effect": {"status": 503, "body": "html"}}, 600 * scale)


def acs_silent(stack: Stack, scale: float) -> Findings:
    """ACS breaks off every connection, and comes back."""
    return dark(stack, {"effect": {"drop": True}}, 300 * scale)


def table_dark(stack: Stack, scale: float) -> Findings:
    """The table fails every call, and comes back."""
    return dark(stack, {"part": "table", "effect": {"error": "unavailable"}}, 120 * scale)


def table_throttled(stack: Stack, scale: float) -> Findings:
    """The table throttles every call, and stops doing so."""
    return dark(stack, {"part": "table", "effect": {"error": "throttled"}}, 120 * scale)


def dark(stack: Stack, fault: dict, seconds: float) -> Findings:
    """Plays an outage with 20 requests a second, 50 revocations in the middle, and the time after it."""
    count, revoked = 250, range(200, 250)
    sessions, tokens = stack.users(count)
    askers = range(200)
    with stack.fault(fault):
        load = stack.run([(askers, 20)], seconds / 2, sessions)
        revocations = [stack.call(stack.gateway, "DELETE", "/v1/token", None, sessions[user]) for user in revoked]
        load.answers += stack.run([(askers, 20)], seconds / 2, sessions).answers
        over = time.monotonic()
    after = stack.run([(askers, 20)], 10, sessions)
    back = next((a.at - over for _, a in sorted(after.answers, key=lambda pair: pair[1].at) if a.status == 200), None)
    last_failure = max((a.at - over for _, a in after.answers if a.status != 200), default=0.0)
    accepted = [user for user, answer in zip(revoked, revocations, strict=True) if answer.status == 204]
    pending = stack.dev("GET", "users?state=revocation%20pending&limit=1")["total"]
    stack.dev("PUT", "clock", {"advanceSeconds": 120})
    stack.dev("POST", "sweep")
    alive = stack.live([tokens[user] for user in revoked])
    failures = load.milliseconds(429, 500, 503, 504)
    fast = sum(took < DARK_MS for took in failures) / max(1, len(failures))
    return [
        f"during: {texts(load)}; refusals {latency(failures)}, {fast:.1%} in under {DARK_MS} ms",
        f"first token {back:.1f} s after the end, last refusal {max(0.0, last_failure):.1f} s after it",
        f"revocations in the middle: {len(accepted)} of {len(revoked)} acknowledged, {pending} pending; "
        f"{len(alive)} of their tokens alive after a sweep",
    ]


def passwords(stack: Stack, scale: float) -> Findings:
    """10,000 passwords change at once, with ACS's quota of 500 revocations in 30 seconds in force."""
    count = max(100, int(10_000 * scale))
    _, tokens = stack.users(count)
    stack.dev("PUT", "quotas", {"enforce": True})
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def change(user: int) -> float:
        began = time.monotonic()
        stack.dev("POST", "events", {
            "version": "0", "id": f"event-{user}", "account": "111122223333", "time": now, "region": "local",
            "resources": [], "source": "com.example.accounts", "detail-type": "PasswordChanged",
            "detail": {"subject": f"user-{user}", "occurredAt": now}})
        return time.monotonic() - began

    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        took = sorted(threads.map(change, range(count)))
    recorded, alive, swept = time.monotonic() - began, stack.live(tokens), time.monotonic()
    first = count - len(alive)
    while alive and time.monotonic() - began < 3600:
        time.sleep(1)
        if time.monotonic() - swept >= SWEEP_SECONDS:
            stack.dev("POST", "sweep")
            swept = time.monotonic()
        alive = stack.live(alive)
    return [
        f"{count} events recorded in {recorded:.0f} s, each in {took[-1] * 1000:.0f} ms or less; {first} tokens "
        "dead by then",
        f"the last token died after {time.monotonic() - began:.0f} s; {len(alive)} alive",
        f"calls of ACS: {stack.acs_calls('revoke')} for {count} revocations",
    ]


def timing(stack: Stack, scale: float) -> Findings:
    """A user names others in requests that are refused: an unknown, a known and a suspended one, in turn."""
    count = max(300, int(3000 * scale))
    (session, _, _), _ = stack.users(3)
    stack.dev("POST", "operate", {"operation": "suspend", "subject": "user-2"})
    names, took, bodies = ["nobody", "user-1", "user-2"], [[], [], []], set()
    for number in range(count * 3):
        subject = {"subject": names[number % 3]}
        answer = stack.call(stack.gateway, "POST", "/v1/token", subject, session)
        took[number % 3].append(answer.milliseconds)
        bodies.add((answer.status, answer.body["code"], answer.body.get("detail", "")))
    differences = [f"{name} p = {same_chance(took[0], values):.2f}"
                   for name, values in zip(names[1:], took[1:], strict=True)]
    return [
        f"{count} requests each, answers {sorted(bodies)}",
        "; ".join(f"{name} {latency(sorted(values))}" for name, values in zip(names, took, strict=True)),
        "Mann-Whitney, beside the unknown user: " + ", ".join(differences),
    ]


def same_chance(one: list[float], other: list[float]) -> float:
    """Returns how likely two samples of one distribution differ in rank at least as much as these."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    rank_sum = sum(rank for rank, (_, sample) in enumerate(ranked, 1) if sample == 0)
    n, m = len(one), len(other)
    deviation = (n * m * (n + m + 1) / 12) ** 0.5
    return math.erfc(abs(rank_sum - n * (n + m + 1) / 2) / deviation / 2**0.5)


def texts(load: Load) -> str:
    counts = sorted(load.statuses().items())
    return ", ".join(f"{count} x {status or 'no answer'}" for status, count in counts)


def latency(milliseconds: list[float]) -> str:
    return f"median {median(milliseconds):.0f} ms, p99 {quantile(milliseconds, 0.99):.0f} ms"


SCENARIOS: dict[str, Callable[[Stack, float], Findings]] = {
    function.__name__.replace("_", "-"): function
    for function in (greedy_user, quota, acs_refuses, acs_silent, table_throttled, table_dark, passwords, timing)
}
