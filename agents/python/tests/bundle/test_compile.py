"""Bytes in; a compiled bundle or a reason that names the place out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.python.tests.documents import FULL_POLICY, compiled, digest, document, encode
from configsvc_agent.bundle import (
    BUILT_IN,
    MAX_BUNDLE,
    BundleError,
    DigestError,
    built_in,
    compile_bundle,
)
from configsvc_agent.engine.policy import (
    Backoff,
    Bulkhead,
    CircuitBreaker,
    HalfOpen,
    Hedge,
    LastGoodFallback,
    OperationFallback,
    RateLimit,
    Retry,
    RetryAfter,
    RetryBudget,
    SlowCall,
    StaticFallback,
    Timeout,
    Window,
)

Change = Callable[[dict[str, Any]], object]


def refusal(body: object) -> BundleError:
    """Why the bundle ``body`` is refused."""
    with pytest.raises(BundleError) as caught:
        compile_bundle(encode(body), service="player-engine", namespace="prod", version=1)
    return caught.value


def policy_of(bundle: dict[str, Any]) -> dict[str, Any]:
    """The policy of the first operation, to be changed in place."""
    policy: dict[str, Any] = json.loads(json.dumps(FULL_POLICY))
    bundle["outbound"][0]["operations"][0]["policy"] = policy
    return policy


class TestPolicies:
    """POLICY becomes what the engine obeys."""

    def test_every_field_arrives(self) -> None:
        """A full policy compiles to exactly its values."""
        policy = compiled().policy("score-engine", "get-score")

        assert policy.timeout == Timeout(100_000, 400_000, 1_000_000, 2_000_000)
        assert policy.retry == Retry(
            attempts=3,
            retry_on=frozenset({"5xx", "connect", "503"}),
            backoff=Backoff(50_000, 2_000_000, 800_000, "full"),
            budget=RetryBudget(200_000, 3, "pair"),
            retry_after=RetryAfter(honour=True, max=1_000_000),
            other_instance=True,
            non_idempotent="with-key",
        )
        assert policy.breaker == CircuitBreaker(
            window=Window("count", 50),
            minimum_calls=20,
            failure_rate=500_000,
            record=frozenset({"5xx", "timeout"}),
            open_for=5_000_000,
            ignore=frozenset({"404"}),
            slow_call=SlowCall(300_000, 800_000),
            half_open=HalfOpen(2, 10_000_000),
            scope="pair",
        )
        assert policy.bulkhead == Bulkhead(8, 4, 50_000, "operation")
        assert policy.rate_limit == RateLimit(100, 1_000_000, 20, "tenant", 0, "pair")
        assert policy.fallback == StaticFallback(200, (("content-type", "text/plain"),), b"0")
        assert (policy.idempotent, policy.floor, policy.revision) == (True, 20_000, 7)

    def test_sources_are_inverted(self) -> None:
        """Each leaf knows the resource that set it."""
        sources = compiled().policy("score-engine", "get-score").sources

        assert sources["retry.attempts"] == "Retry/scores"
        assert sources["timeout.overall"] == "Timeout/default"

    def test_a_leaf_set_alike_by_two_names_both(self) -> None:
        """Two resources that set one leaf to one value are both its source."""
        body = document()
        policy_of(body)["sources"] = {"Retry/a": ["retry.attempts"], "Retry/b": ["retry.attempts"]}

        assert compiled(body).policy("score-engine", "get-score").sources == {
            "retry.attempts": "Retry/a, Retry/b"
        }

    def test_other_fallbacks_and_hedge(self) -> None:
        """Last good, another operation, and a hedge without a budget are read."""
        body = document()
        policy = policy_of(body)
        del policy["retry"]
        policy["fallback"] = {"lastGood": {"maxAge": 5}}
        policy["hedge"] = {"extra": 1, "delay": 30_000}
        body["outbound"][0]["other"]["fallback"] = {
            "operation": {"service": "match-engine", "operation": "guess"}
        }
        bundle = compiled(body)

        assert bundle.policy("score-engine", "get-score").fallback == LastGoodFallback(5)
        assert bundle.policy("score-engine", "get-score").hedge == Hedge(1, 30_000)
        assert bundle.policy("score-engine", "x").fallback == OperationFallback(
            "guess", "match-engine"
        )

    def test_an_unknown_operation_gets_the_policy_of_the_rest(self) -> None:
        """Operation ``*`` answers for what the callee does not declare."""
        assert compiled().policy("score-engine", "nope").timeout.overall == 2_000_000

    def test_an_undeclared_callee_gets_the_default_entry(self) -> None:
        """Undeclared calls have a policy of their own."""
        assert compiled().policy("bank", "pay").timeout.overall == 3_000_000

    def test_equal_policies_are_shared(self) -> None:
        """Equal JSON is compiled once, so that large bundles stay small in memory."""
        body = document()
        body["outbound"][0]["operations"][1]["policy"] = body["outbound"][0]["other"]
        callee = compiled(body).callees["score-engine"]

        assert callee.operation("add-score").policy is callee.other.policy


class TestRefusals:
    """Every refusal names the place, what was seen and what is allowed."""

    @pytest.mark.conformance("bundle-unknown-policy-field")
    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            (lambda p: p.update(turbo=1), ""),
            (lambda p: p["timeout"].update(total=1), "/timeout"),
            (lambda p: p["retry"].update(until=1), "/retry"),
            (lambda p: p["retry"]["backoff"].update(cap=1), "/retry/backoff"),
            (lambda p: p["retry"]["budget"].update(cap=1), "/retry/budget"),
            (lambda p: p["retry"]["retryAfter"].update(cap=1), "/retry/retryAfter"),
            (lambda p: p["breaker"].update(cap=1), "/breaker"),
            (lambda p: p["breaker"]["window"].update(cap=1), "/breaker/window"),
            (lambda p: p["breaker"]["slowCall"].update(cap=1), "/breaker/slowCall"),
            (lambda p: p["breaker"]["halfOpen"].update(cap=1), "/breaker/halfOpen"),
            (lambda p: p["bulkhead"].update(cap=1), "/bulkhead"),
            (lambda p: p["rateLimit"].update(cap=1), "/rateLimit"),
            (lambda p: p["fallback"]["static"].update(cap=1), "/fallback/static"),
        ],
    )
    def test_an_unknown_field_in_a_policy(self, change: Change, pointer: str) -> None:
        """A policy that this agent does not fully understand is not half obeyed."""
        body = document()
        change(policy_of(body))
        error = refusal(body)

        assert error.pointer == f"/outbound/0/operations/0/policy{pointer}"
        assert "unknown field" in error.reason
        assert "update the agent" in error.reason

    @pytest.mark.conformance("bundle-unknown-other-field")
    def test_an_unknown_field_elsewhere_is_ignored(self) -> None:
        """Newer servers may say more about callees than this agent reads."""
        body = document()
        body["note"] = None
        body["outbound"][0]["weather"] = {"sunny": True}
        body["outbound"][0]["operations"][0]["owner"] = "us"
        body["inbound"]["other"]["later"] = []

        assert compiled(body).policy("score-engine", "get-score").retry is not None

    @pytest.mark.conformance("bundle-unusable-value")
    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (
                lambda p: p["timeout"].update(overall="1s"),
                '/timeout/overall: must be an integer from 1 to 9007199254740991, got "1s"',
            ),
            (lambda p: p["timeout"].update(overall=0), "/timeout/overall: must be an integer"),
            (lambda p: p["timeout"].update(overall=True), "/timeout/overall: must be an integer"),
            (lambda p: p["timeout"].update(overall=None), "/timeout/overall: must be an integer"),
            (
                lambda p: p["retry"]["backoff"].update(jitter="some"),
                "/retry/backoff/jitter: must be one of none, equal, full, decorrelated",
            ),
            (lambda p: p["retry"].update(retryOn=[503]), "/retry/retryOn/0: must be a string"),
            (lambda p: p["retry"].pop("attempts"), '/retry: lacks the field "attempts"'),
            (lambda p: p.update(retry=[]), "/retry: must be an object, got []"),
            (
                lambda p: p["breaker"].update(failureRate=2_000_000),
                "CircuitBreaker.failure_rate must be parts per million",
            ),
            (lambda p: p.update(hedge={"extra": 1, "delay": 1}), "retries or hedges, not both"),
            (lambda p: p.update(fallback={}), "/fallback: must have exactly one of"),
            (
                lambda p: p["fallback"]["static"].update(headers=[["a"]]),
                "/fallback/static/headers/0: must be a name and a value, got 1 strings",
            ),
            (lambda p: p["fallback"]["static"].update(status=99), "/fallback/static/status"),
        ],
    )
    def test_a_value_that_nobody_could_obey(self, change: Change, text: str) -> None:
        """Wrong types, ranges, choices and combinations are refused."""
        body = document()
        change(policy_of(body))

        assert text in str(refusal(body))

    @pytest.mark.conformance("bundle-foreign")
    @pytest.mark.parametrize("field", ["service", "namespace"])
    def test_a_bundle_of_somebody_else(self, field: str) -> None:
        """Another service's bundle never comes into force here."""
        error = refusal(document() | {field: "intruder"})

        assert error.pointer == f"/{field}"
        assert "'intruder', but this agent serves" in error.reason

    @pytest.mark.conformance("bundle-strict-json")
    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (b"", "is not JSON"),
            (b"[1", "is not JSON"),
            (b"[]", "must be an object"),
            (b"null", "must be an object"),
            (b'"\xff"', "is not UTF-8"),
            (b'{"format":1,"format":1}', 'has the key "format" twice'),
            (b'{"format":1.0}', "has the number 1.0; a bundle holds integers only"),
            (b'{"format":NaN}', "has the number NaN"),
            (b'{"format":2}', "/format: must be an integer from 1 to 1, got 2"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"format":%s}' % (b"9" * 5000), "is not JSON"),
            (b'{"format":1,"namespace":"\\ud800"}', "a string of whole characters"),
        ],
    )
    def test_what_is_no_bundle(self, data: bytes, text: str) -> None:
        """What is not strict JSON of the known format is refused."""
        with pytest.raises(BundleError) as caught:
            compile_bundle(data, service="player-engine", namespace="prod", version=1)
        assert text in str(caught.value)

    @pytest.mark.conformance("bundle-digest")
    def test_bytes_with_another_digest(self) -> None:
        """What was not announced is not even parsed."""
        data = encode(document())
        with pytest.raises(DigestError) as caught:
            compile_bundle(
                data, service="player-engine", namespace="prod", version=1, digest="0" * 64
            )

        assert caught.value.received == digest(data)
        assert f"the {len(data)} bytes received have {digest(data)}" in str(caught.value)

    def test_a_bundle_that_is_too_large(self) -> None:
        """More than 8 MiB are refused before they are parsed."""
        with pytest.raises(BundleError, match=f"at most {MAX_BUNDLE}"):
            compile_bundle(b" " * (MAX_BUNDLE + 1), service="a", namespace="b", version=1)

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (lambda b: b["outbound"].append(b["outbound"][0]), "second entry for the callee"),
            (
                lambda b: b["outbound"][0]["operations"].append(b["outbound"][0]["operations"][0]),
                "second operation 'get-score'",
            ),
            (
                lambda b: b["outbound"][0]["operations"][0]["match"].update(path="/a/**/b"),
                "may have ** as its last segment only",
            ),
            (
                lambda b: b["outbound"][0]["operations"][0]["match"].update(path="/a" * 65),
                "has 65 segments",
            ),
            (
                lambda b: b["inbound"]["operations"][0]["rateLimits"][0].update(scope="galaxy"),
                "/inbound/operations/0/rateLimits/0/scope: must be one of pair, operation",
            ),
            (lambda b: b["outbound"][0].update(protocol="soap"), "must be one of http, grpc"),
        ],
    )
    def test_what_contradicts_itself(self, change: Change, text: str) -> None:
        """Names are unique, templates well-formed, limits usable."""
        body = document()
        change(body)

        assert text in str(refusal(body))

    @settings(max_examples=60)
    @given(st.data())
    def test_any_damage_gives_a_bundle_or_a_named_error(self, data: st.DataObject) -> None:
        """Whatever bytes arrive, nothing but a BundleError is raised."""
        good = encode(document())
        at = data.draw(st.integers(0, len(good) - 1))
        junk = data.draw(st.binary(max_size=4))
        damaged = good[:at] + junk + good[at + data.draw(st.integers(0, 3)) :]
        try:
            compile_bundle(damaged, service="player-engine", namespace="prod", version=1)
        except BundleError:
            return


class TestHosts:
    """Which callee a host means."""

    @pytest.mark.conformance("match-host")
    @pytest.mark.parametrize(
        ("host", "port", "expected"),
        [
            ("score-engine", 80, "score-engine"),
            ("SCORE-ENGINE", None, "score-engine"),
            ("score-engine.", 9, "score-engine"),
            ("scores.internal", 8080, "score-engine"),
            ("scores.internal", 80, None),
            ("example.org", 443, None),
        ],
    )
    def test_by_host_and_port(self, host: str, port: int | None, expected: str | None) -> None:
        """A declared port must fit, the case does not matter, foreign hosts mean nobody."""
        callee = compiled().callee_at(host, port)

        assert (None if callee is None else callee.name) == expected

    @pytest.mark.conformance("match-host")
    def test_a_host_that_two_claim_means_neither(self) -> None:
        """One address in front of two services does not tell which one is called."""
        body = document()
        other = json.loads(json.dumps(body["outbound"][0])) | {"callee": "match-engine"}
        other["hosts"] = ["match-engine", "scores.internal:8080"]
        body["outbound"].append(other)
        bundle = compiled(body)

        assert bundle.callee_at("scores.internal", 8080) is None
        assert bundle.callee_at("match-engine", 80) is bundle.callees["match-engine"]


class TestBuiltIn:
    """What is in force before anything else is."""

    @pytest.mark.conformance("start-built-in")
    def test_time_limits_and_nothing_else(self) -> None:
        """Connect 1 s, attempt and overall 10 s."""
        policy = built_in("prod", "player-engine").policy("any", "thing")

        assert policy is BUILT_IN
        assert policy.timeout == Timeout(1_000_000, 10_000_000, 10_000_000)
        assert (policy.retry, policy.breaker, policy.bulkhead) == (None, None, None)
        assert (policy.rate_limit, policy.hedge, policy.fallback) == (None, None, None)


class TestInbound:
    """The serving side."""

    def test_an_operation_and_the_rest(self) -> None:
        """A request finds its operation's limit and rate limits; others find none."""
        inbound = compiled().inbound

        assert inbound.match("POST", "/play").limit == 700_000
        assert inbound.match("POST", "/play").rate_limits[0][0] == "per-tenant"
        assert inbound.match("GET", "/play").name == "*"

    def test_a_grpc_method(self) -> None:
        """Methods of gRPC are compared as a whole, with or without the leading slash."""
        body = document()
        body["outbound"][0]["operations"][0]["match"] = {"grpc": "scores.Scores/Get"}
        callee = compiled(body).callees["score-engine"]

        assert callee.match("POST", "/scores.Scores/Get").name == "get-score"
        assert callee.match("POST", "/scores.Scores/GetAll").name == "*"
