"""What a service developer sees of an agent, without a server."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from agents.python.tests.conftest import MakeAgent
from agents.python.tests.documents import compiled, document, encode
from configsvc_agent import (
    Agent,
    CallTimeoutError,
    Classifier,
    LimitedError,
    OpenError,
    Origin,
    State,
    current_attempt,
    current_deadline,
    deadline,
)
from configsvc_agent.drivers import monotonic
from configsvc_agent.engine.outcome import failure


@pytest.fixture
def agent(make_agent: MakeAgent, tmp_path: Path) -> Agent:
    """An agent whose override file is the complete bundle of these tests."""
    file = tmp_path / "override.json"
    file.write_bytes(encode(document()))
    return make_agent(url=None, override_file=file).start()


class Response:
    """What a client might return."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.headers: dict[str, str] = {}


class TestCall:
    """Guarded calls by name."""

    def test_the_value_is_handed_through(self, agent: Agent) -> None:
        """Arguments go in, the result comes out."""
        assert agent.call("score-engine", "get-score", lambda x, *, y: x + y, 1, y=2) == 3

    def test_the_attempt_is_known_inside(self, agent: Agent) -> None:
        """The callable can ask for its limit, and nobody can outside."""
        attempt = agent.call("score-engine", "get-score", current_attempt)

        assert attempt is not None
        assert attempt.timeout == 0.4
        assert attempt.connect_timeout == 0.1
        assert current_attempt() is None

    def test_failures_are_retried_as_the_policy_says(self, agent: Agent) -> None:
        """A returned 503 counts as one; the last response is handed out."""
        answers = [Response(503), Response(500), Response(200)]

        response = agent.call("score-engine", "get-score", lambda: answers.pop(0))

        assert response.status_code == 200
        assert not answers

    def test_an_operation_without_retry_is_called_once(self, agent: Agent) -> None:
        """The policy of the operation decides, not that of its neighbour."""
        answers = [Response(503), Response(200)]

        response = agent.call("score-engine", "add-score", lambda: answers.pop(0))

        assert response.status_code == 503
        assert len(answers) == 1

    def test_errors_of_the_callable_are_its_own(self, agent: Agent) -> None:
        """A mistake in the code around the call is raised as it is, at once."""
        calls = []

        def mistaken() -> None:
            calls.append(1)
            raise KeyError("a mistake")

        with pytest.raises(KeyError, match="a mistake"):
            agent.call("score-engine", "get-score", mistaken)
        assert len(calls) == 1

    def test_a_refusal_names_the_policy(self, make_agent: MakeAgent, tmp_path: Path) -> None:
        """The error says edge, resource and reason."""
        body = document()
        policy = body["outbound"][0]["other"]
        policy["rateLimit"] = {
            "limit": 1,
            "period": 60_000_000,
            "burst": 1,
            "maxWait": 0,
            "scope": "pair",
        }
        policy["sources"] = {"RateLimit/scores": ["rateLimit.limit"]}
        (tmp_path / "o.json").write_bytes(encode(body))
        agent = make_agent(url=None, override_file=tmp_path / "o.json").start()
        agent.call("score-engine", "*", lambda: 1)

        with pytest.raises(LimitedError, match="policy RateLimit/scores") as caught:
            agent.call("score-engine", "*", lambda: 1)
        assert (caught.value.caller, caught.value.callee) == ("player-engine", "score-engine")

    def test_an_undeclared_operation_shares_the_edge_of_the_rest(self, agent: Agent) -> None:
        """Names that nobody declared cannot grow the agent's memory."""
        for number in range(50):
            agent.call("score-engine", f"made-up-{number}", lambda: 1)

        edges = agent.metrics().edges
        assert [(edge.operation, edge.calls) for edge in edges] == [("*", {"ok": 50})]

    def test_an_undeclared_callee_is_marked(self, agent: Agent) -> None:
        """It obeys the entry for undeclared calls, and the figures show it."""
        agent.call("bank", "pay", lambda: 1)

        edge = agent.metrics().edges[0]
        assert (edge.callee, edge.operation, edge.declared) == ("bank", "*", False)

    def test_the_deadline_of_the_request_being_served_counts(self, agent: Agent) -> None:
        """An outgoing call never outlives the incoming one."""
        with deadline(monotonic() + 50_000):
            attempt = agent.call("score-engine", "get-score", current_attempt)
            assert attempt is not None
            assert attempt.timeout is not None
            assert attempt.timeout <= 0.05
            with deadline(monotonic() + 10_000_000):
                outer = current_deadline()
        assert outer is not None
        assert outer <= monotonic() + 50_000
        assert current_deadline() is None

    def test_before_the_start_the_built_in_limits_hold(self, make_agent: MakeAgent) -> None:
        """A call never fails because the agent is not started."""
        agent = make_agent(url=None)

        attempt = agent.call("score-engine", "get-score", current_attempt)

        assert attempt is not None
        assert attempt.timeout == 10.0
        assert agent.status().reason == "the agent is not started"

    def test_a_classifier_of_ones_own(self, agent: Agent) -> None:
        """What a result means can be said with the guard."""
        results = ["busy", "done"]
        classify = Classifier(
            result=lambda value: failure("5xx", "503") if value == "busy" else failure()
        )

        @agent.guard("score-engine", "get-score", classify=classify)
        def fetch() -> str:
            return results.pop(0)

        assert fetch() == "done"

    def test_a_decorated_function_keeps_its_name(self, agent: Agent) -> None:
        """Guarding does not hide what is guarded."""

        @agent.guard("score-engine", "get-score")
        def fetch_score(player: str) -> str:
            """Fetch it."""
            return f"score of {player}"

        assert fetch_score("p1") == "score of p1"
        assert (fetch_score.__name__, fetch_score.__doc__) == ("fetch_score", "Fetch it.")


class TestAsync:
    """The same agent in an event loop."""

    def test_an_attempt_is_cancelled_when_its_time_is_up(self, agent: Agent) -> None:
        """A hanging coroutine does not hang its caller."""

        async def hang() -> None:
            await asyncio.sleep(60)

        began = time.monotonic()
        with pytest.raises(CallTimeoutError, match="add-score"):
            asyncio.run(agent.acall("score-engine", "add-score", hang))
        assert time.monotonic() - began < 5

    def test_a_decorated_coroutine_function(self, agent: Agent) -> None:
        """The decorator sees what it decorates."""
        answers = [Response(503), Response(200)]

        @agent.guard("score-engine", "get-score")
        async def fetch() -> Response:
            return answers.pop(0)

        assert asyncio.run(_awaited(fetch())).status_code == 200


async def _awaited(awaitable: object) -> Response:
    return await awaitable  # type: ignore[misc,no-any-return]


class TestReload:
    """Policies change between calls."""

    def test_a_call_keeps_the_policy_with_which_it_began(
        self, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """What is published during a call is for the next one."""
        file, body = tmp_path / "o.json", document()
        policy = body["outbound"][0]["operations"][0]["policy"]
        policy["timeout"] = {"attempt": 20_000_000, "overall": 20_000_000}
        file.write_bytes(encode(body))
        agent = make_agent(url=None, override_file=file).start()
        changed = threading.Event()
        agent.on_change(lambda _: changed.set())
        policy["retry"]["attempts"] = 1
        attempts = []

        def fetch() -> Response:
            if not attempts:
                file.write_bytes(encode(body))
                assert changed.wait(10)
            attempts.append(1)
            return Response(503)

        agent.call("score-engine", "get-score", fetch)
        during = len(attempts)
        agent.call("score-engine", "get-score", fetch)

        assert (during, len(attempts)) == (3, 4)

    def test_an_open_breaker_stays_open_when_something_else_changes(
        self, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """State survives where the policy's identity does."""
        body = document()
        breaker = {
            "window": {"kind": "count", "size": 2},
            "minimumCalls": 2,
            "failureRate": 500_000,
            "record": ["5xx"],
            "ignore": [],
            "openFor": 60_000_000,
            "halfOpen": {"probes": 1},
            "scope": "pair",
        }
        body["outbound"][0]["other"]["breaker"] = breaker
        file = tmp_path / "o.json"
        file.write_bytes(encode(body))
        agent = make_agent(url=None, override_file=file).start()
        for _ in range(2):
            agent.call("score-engine", "*", lambda: Response(500))
        changed = threading.Event()
        agent.on_change(lambda _: changed.set())
        body["outbound"][0]["other"]["timeout"]["overall"] = 9_000_000
        file.write_bytes(encode(body))
        assert changed.wait(10)

        with pytest.raises(OpenError):
            agent.call("score-engine", "*", lambda: Response(200))


class TestSeeing:
    """Explain, figures and hooks."""

    def test_explain_names_each_value_and_its_source(self, agent: Agent) -> None:
        """The text is what a person on call needs."""
        explanation = agent.explain("score-engine", "get-score")
        leaves = {leaf.path: (leaf.value, leaf.source) for leaf in explanation.leaves}

        assert leaves["timeout.overall"] == (1_000_000, "Timeout/default")
        assert leaves["retry.attempts"] == (3, "Retry/scores")
        assert leaves["retry.backoff.jitter"] == ("full", "default")
        assert explanation.origin is Origin.OVERRIDE
        lines = str(explanation).splitlines()
        assert lines[0].startswith("player-engine -> score-engine get-score: version 0 (")
        words = [line.split() for line in lines]
        assert ["breaker.openFor", "5s", "CircuitBreaker/all"] in words
        assert ["retry.backoff.multiplier", "2", "default"] in words
        sources = {
            line.rindex(source) for line, (*_, source) in zip(lines[1:], words[1:], strict=True)
        }
        assert len(sources) == 1, "columns stand below each other"

    def test_explain_uses_the_names_of_documents(self, agent: Agent) -> None:
        """What documents set together, or call otherwise, is found under their names."""
        given = document()
        policy = given["outbound"][0]["operations"][0]["policy"]
        policy["sources"] = {
            "RateLimit/all": ["rateLimit.rate"],
            "CircuitBreaker/all": ["breaker.failures.record", "breaker.window"],
            "Fallback/zero": ["fallback.static"],
        }
        agent._apply(compiled(given))
        explanation = agent.explain("score-engine", "get-score")
        sources = {leaf.path: leaf.source for leaf in explanation.leaves}

        assert sources["rateLimit.limit"] == sources["rateLimit.period"] == "RateLimit/all"
        assert sources["breaker.failures.record"] == "CircuitBreaker/all"
        assert sources["breaker.window.size"] == "CircuitBreaker/all"
        assert sources["fallback.static.body"] == "Fallback/zero"

    def test_explain_of_what_is_not_declared(self, agent: Agent) -> None:
        """An unknown operation is ``*``; an unknown callee is said to be undeclared."""
        assert agent.explain("score-engine", "nope").operation == "*"
        assert "bank *, undeclared" in str(agent.explain("bank"))

    def test_explain_of_an_edge_without_policies(self, agent: Agent) -> None:
        """There is its head and nothing below."""
        given = document()
        given["outbound"][0]["operations"][0]["policy"] = {}
        agent._apply(compiled(given))
        assert str(agent.explain("score-engine", "get-score")).count("\n") == 0

    def test_figures_count_ends_and_events(self, agent: Agent) -> None:
        """Calls by their end, retries on the way, latencies in buckets."""
        answers = [Response(503), Response(200), Response(404)]
        for _ in range(2):
            agent.call("score-engine", "get-score", lambda: answers.pop(0))
        with pytest.raises(KeyError):
            agent.call("score-engine", "get-score", {}.__getitem__, "x")

        edge = agent.metrics().edges[0]
        assert edge.calls == {"ok": 1, "failed": 1, "error": 1}
        assert edge.events == {"retry": 1}
        assert edge.latency.count == 3
        assert edge.latency.quantile(1.0) >= edge.latency.quantile(0.0) >= 0
        assert agent._edges.calls() == {("score-engine", "get-score"): (3, 2)}

    def test_hooks_hear_of_every_attempt(self, agent: Agent) -> None:
        """A hook that raises harms neither the call nor the next hook."""
        heard: list[str] = []

        @agent.on_event
        def fail(_: object) -> None:
            raise ValueError("a mistake in a hook")

        agent.on_event(lambda event: heard.append(type(event).__name__))
        agent.call("score-engine", "get-score", lambda: 1)

        assert heard == ["AttemptStarted", "AttemptFinished"]
        assert agent.metrics().hook_failures == 2

    def test_a_foreign_host_is_nobodys_and_counted(self, agent: Agent) -> None:
        """Requests to the rest of the world are left alone."""
        assert agent.edge_at("example.org", 443, "GET", "/") is None
        found = agent.edge_at("score-engine", 80, "GET", "/scores/7?x=1")

        assert found is not None
        assert found.edge.operation == "get-score"
        assert agent.metrics().foreign == 1

    def test_an_override_is_ready(self, agent: Agent) -> None:
        """The operator's file is what is wanted."""
        assert agent.wait_ready(0)
        assert (agent.state, agent.status().reason) == (
            State.READY,
            "the override file is in force",
        )


def test_stopping_keeps_what_is_in_force(agent: Agent) -> None:
    """A service that drains goes on calling under its policies."""
    agent.stop()

    assert agent.explain("score-engine", "get-score").policy.retry is not None
    assert agent.call("score-engine", "get-score", lambda: 1) == 1
