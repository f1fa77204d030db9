"""The tour: what configsvc is for, shown on running services, step by step."""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import click

from configsvc.cli.demo.entry import Entry
from configsvc.cli.demo.operator import Operator
from configsvc.cli.demo.system import BFFS, ENGINES, System, wait_for
from configsvc.cli.demo.telling import WIDTH, loudly, require, say, show
from configsvc.cli.demo.traffic import Summary, Traffic

PER_SECOND: Final = 40
SLOW: Final = 0.4
"""Seconds by which the score engine is slowed down: twice what an attempt may take."""

HURRY: Final = 200
"""Milliseconds that every fourth request gives the player engine: less than an attempt may take."""

_WHAT_POLICIES_DID: Final = {
    "attempts repeated, as far as the budget of 5 % went": "retry",
    "repeats refused, because that budget was used up": "retry-refused-budget",
    "repeats refused, because none would end before the deadline": "retry-refused-deadline",
    "calls cut at the deadline of a request that gave 0.2 s": "deadline",
    "calls turned away by the bulkhead of 8": "rejected-full",
    "calls turned away by the open breaker": "rejected-open",
    "answers from the fallback: the last score known": "fallback-last-good",
}


class Tour:
    """Plays the steps in order on a system; any step that does not go as told ends the demo."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._hurried = itertools.cycle((None, None, None, HURRY))
        self._breaker_moves = 0
        self._operator: Operator
        self._entry: Entry
        self._traffic: Traffic

    def play(self, *, after: Callable[[Entry], None]) -> None:
        """Play all steps, then run `after` while the traffic goes on."""
        self._step(1, "Start a node", self._start_node)
        self._step(2, "Publish the system", self._publish)
        self._step(3, "Start three services with agents", self._start_engines)
        self._step(4, "Start the way in to them", self._start_entry)
        with self._traffic:
            self._step(5, f"Ask for {PER_SECOND} pages a second", self._send_traffic)
            self._step(6, "Publish a policy that conflicts with another", self._conflict)
            self._step(7, "Check two changes of the way in", self._check_entry)
            self._step(8, "Publish a repaired policy", self._repair)
            self._step(9, "Make the score engine slow", self._slow)
            self._step(10, "Kill the score engine", self._kill)
            self._step(11, "Start it again", self._recover)
            self._step(12, "Roll back", self._roll_back)
            self._step(13, "Stop the node, restart a service", self._stop_node)
            after(self._entry)

    def _step(self, number: int, title: str, play: Callable[[], None]) -> None:
        click.echo(click.style(f"\n{number:<{WIDTH}}{title}", bold=True))
        play()

    # ── steps ────────────────────────────────────────────────────────────────────────────────────

    def _start_node(self) -> None:
        took = self._system.start_node()
        self._operator = Operator(self._system.client)
        say(
            f"operator plane http://{self._system.operator}, agent plane http://{self._system.agents}"
        )
        say(f"ready after {took:.1f} s, on SQLite in {self._system.folder / 'data'}")

    def _publish(self) -> None:
        documents = self._system.documents()
        revision = self._operator.change("The three engines", documents)
        say(f"{len(documents)} resources checked and published as revision {revision}")

    def _start_engines(self) -> None:
        began = time.monotonic()
        for service in ENGINES:
            self._system.start_engine(service)
        for service in ENGINES:
            wait_for(f"the agent of {service}", partial(self._is_ready, service))
        say(f"{', '.join(ENGINES)}: ready after {time.monotonic() - began:.1f} s")

    def _start_entry(self) -> None:
        began = time.monotonic()
        if not self._system.gateways:
            loudly("there is no Envoy here, so there is no gateway: pages come from the back ends")
        self._entry = self._system.start_entry()
        self._traffic = Traffic(self._request, PER_SECOND)
        way = " -> ".join((*self._system.gateways, " and ".join(BFFS), "the engines"))
        say(f"{way}: whole pages after {time.monotonic() - began:.1f} s")

    def _send_traffic(self) -> None:
        summary = self._watch_for(2.0)
        require(summary.outcomes["failed"] == 0, f"requests failed before any fault: {summary}")
        say(str(summary))

    def _conflict(self) -> None:
        timeout = self._resource("Timeout", "to-score-engine")
        timeout["spec"]["attempt"] = "600ms"
        say("Timeout/to-score-engine: attempt 200ms -> 600ms, while overall stays 500ms")
        for finding in self._operator.refusal("Be patient with scores", [timeout]):
            show("refused", finding)

    def _check_entry(self) -> None:
        page, web = self._resource("Timeout", "to-web"), self._resource("Bff", "web")
        page["spec"]["attempt"] = "1500ms"
        self._found("Timeout/to-web: the gateway waits 1.5s for a page instead of 2.5s", page)
        web["spec"]["endpoints"][0]["limit"] = "500ms"
        self._found("Bff/web: the player page may take 500ms instead of 2s", web)

    def _repair(self) -> None:
        timeout, default = (
            self._resource("Timeout", name) for name in ("to-score-engine", "default")
        )
        timeout["spec"]["attempt"] = "220ms"
        default["spec"]["connect"] = "80ms"
        pids = self._system.pids
        revision = self._operator.change("A little more patience with scores", [timeout, default])
        say("attempt 220ms fits; the same change shortens every connect to 80ms")
        self._show_convergence(revision)
        require(self._system.pids == pids, "a service was restarted")
        say(f"no restart: still processes {', '.join(map(str, pids.values()))}")

    def _slow(self) -> None:
        began, before = time.monotonic(), self._events()
        self._system.engine("score-engine").delay(SLOW)
        say(
            f"each of its answers now takes {SLOW:.1f} s; an attempt may take 0.22 s, a call 0.5 s,"
        )
        say(f"and every fourth request leaves the player engine {HURRY / 1000:.1f} s")
        self._await_breaker("open", began)
        summary = self._watch_for(2.0)
        say(f"{summary}, in 2 s with the breaker open")
        for what, name in _WHAT_POLICIES_DID.items():
            happened = self._events()[name] - before[name]
            require(happened > 0, f"a slow callee, and yet there is nothing of this: {what}")
            say(f"{happened:6} {what}")

    def _kill(self) -> None:
        self._system.process("score-engine").kill()
        summary = self._watch_for(2.0)
        require(summary.outcomes["failed"] == 0, f"callers failed with the score engine: {summary}")
        say("kill -9; its callers answer without it, from the last score known")
        say(str(summary))

    def _recover(self) -> None:
        began = time.monotonic()
        self._system.start_engine("score-engine")
        self._await_breaker("half-open", began)
        self._await_breaker("closed", began)
        summary = self._watch_for(1.5)
        require(summary.outcomes["whole"] > 0, f"answers are still degraded: {summary}")
        say(str(summary))

    def _roll_back(self) -> None:
        revision = self._operator.roll_back(1, "Back to where we were")
        say(f"revision {revision} has the content of revision 1")
        self._show_convergence(revision)

    def _stop_node(self) -> None:
        began = time.monotonic()
        version = (self._system.status("match-engine") or {}).get("version")
        self._system.stop_node()
        self._system.process("match-engine").stop()
        self._system.start_engine("match-engine")
        status = wait_for("the restarted service", lambda: self._restarted("match-engine"))
        require(
            status["version"] == version, f"it holds version {status['version']}, not {version}"
        )
        say(f"match-engine restarted without a server: state {status['state']}, policies from disk")
        summary = self._traffic.since(began)
        require(summary.outcomes["whole"] > 0, f"nothing is answered whole: {summary}")
        say(str(summary))

    # ── what steps share ─────────────────────────────────────────────────────────────────────────

    def _request(self, player: str) -> dict[str, Any] | None:
        """A page, or now and then the player alone, by a service in a hurry.

        That one asks the engine itself: the gateway lets nobody outside say how long he has.
        """
        hurry = next(self._hurried)
        if hurry is None:
            return self._entry.ask(player)
        return self._system.engine("player-engine").get(f"/players/{player}", hurry)

    def _watch_for(self, seconds: float) -> Summary:
        began = time.monotonic()
        time.sleep(seconds)
        return self._traffic.since(began)

    def _resource(self, kind: str, name: str) -> dict[str, Any]:
        return self._operator.resource(kind, name)

    def _found(self, what: str, document: dict[str, Any]) -> None:
        """Show what the check says of a document."""
        say(what)
        findings = self._operator.check([document])
        require(bool(findings), f"the check finds nothing in this: {what}")
        for finding in findings:
            show("found", finding)

    def _events(self) -> Counter[str]:
        """What the player engine's policies did so far on its calls to the score engine."""
        status = self._system.status("player-engine")
        return Counter((status or {"events": {}})["events"].get("score-engine", {}))

    def _is_ready(self, service: str) -> bool | None:
        status = self._system.status(service)
        return True if status and status["state"] == "ready" else None

    def _restarted(self, service: str) -> dict[str, Any] | None:
        status = self._system.status(service)
        return status if status and status["state"] == "stale" else None

    def _show_convergence(self, revision: int) -> None:
        everybody = len(self._system.pids)

        def converged() -> dict[str, Any] | None:
            found = self._operator.convergence(revision)
            applied = found["states"].get("applied", 0)
            return found if applied == found["targeted"] == everybody else None

        found = wait_for(f"revision {revision} at everybody", converged)
        say(
            f"applied by {found['targeted']} of {everybody}, the last one "
            f"{found['last'] / 1000:.0f} ms after the commit"
        )

    def _await_breaker(self, state: str, began: float) -> None:
        """Wait until the breaker moves to a state, from what was seen of it before."""

        def moved() -> int | None:
            status = self._system.status("player-engine")
            moves = status["breakers"] if status else []
            later = range(self._breaker_moves, len(moves))
            return next((n + 1 for n in later if moves[n] == f"score-engine {state}"), None)

        self._breaker_moves = wait_for(f"the breaker to be {state}", moved)
        say(f"{time.monotonic() - began:4.1f} s  the player engine's breaker is {state}")
