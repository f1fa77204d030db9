"""Explanations of what the schema refuses."""

import pytest

from tests.schema.builders import document, refusals, refused

EDGE = {"target": {"to": "b"}}


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("Retry", {"attempts": 0}, "/spec/attempts: 0 is less than allowed: use 1 to 100"),
        ("Retry", {"attempts": 1.5}, "/spec/attempts: 1.5 is not an integer: write one"),
        ("Retry", {"attempts": True}, "/spec/attempts: true is not an integer: write one"),
        ("Retry", {"attempts": None},
         "/spec/attempts: null is not an integer: leave the field out, or write a value"),
        ("Retry", {"otherInstance": "yes"},
         "/spec/otherInstance: 'yes' is not true or false: write one"),
        ("Retry", {"backoff": "50ms"}, "/spec/backoff: '50ms' is not an object: write one"),
        ("Retry", {"backoff": {"jitter": "ful"}},
         "/spec/backoff/jitter: 'ful' is not allowed here: did you mean 'full'?"),
        ("Retry", {"nonIdempotent": "sometimes"},
         "/spec/nonIdempotent: 'sometimes' is not allowed here: use never, with-key, always"),
        ("Retry", {"retryOn": "timeout"}, "/spec/retryOn: 'timeout' is not a list: write one"),
        ("Retry", {"retryOn": ["timeout", "timeout"]},
         "/spec/retryOn: 'timeout' is listed twice: keep one"),
        ("Retry", {"retryOn": [600]}, "/spec/retryOn/0: 600 is more than allowed: use 100 to 599"),
        ("Retry", {"on": ["timeout"]}, "/spec/on: unknown field 'on': did you mean 'retryOn'?"),
        ("Retry", {"base": "1s"},
         "/spec/base: unknown field 'base': it belongs to spec.backoff.base"),
        ("Retry", {"zebra": 1},
         ("/spec/zebra: unknown field 'zebra': known here are target, enabled, attempts, retryOn, "
         "backoff, budget, retryAfter, otherInstance, nonIdempotent")),
        ("Retry", {"a/b": 1},
         ("/spec/a~1b: unknown field 'a/b': known here are target, enabled, attempts, retryOn, "
         "backoff, budget, retryAfter, otherInstance, nonIdempotent")),
        ("Timeout", {"idle": ""},
         ("/spec/idle: '' is not a duration: write a number with a unit, such as '200ms', "
         "or 'none'")),
        ("Timeout", {"idle": "1s\n"}, "/spec/idle: '1s\\n' is not a duration: write '1s'"),
        ("Timeout", {"idle": "9" * 5_000 + "s"}, None),
        ("Bulkhead", {"maxConcurrent": "5"},
         ("/spec/maxConcurrent: '5' is not a number of calls, such as 32: write an integer, "
         "or 'none' for no limit")),
        ("Bulkhead", {"maxConcurrent": 0},
         "/spec/maxConcurrent: 0 is less than allowed: use 1 to 100000"),
        ("CircuitBreaker", {"window": {"kind": "count"}},
         ("/spec/window: field 'size' is missing "
         "(number of calls (1 to 100000), or a duration (1s to 1h)): add it")),
        ("CircuitBreaker", {"window": {"kind": "time", "size": 10}},
         "/spec/window/size: 10 is not a duration: write a number with a unit, such as '10ms'"),
        ("CircuitBreaker", {"window": {"kind": "count", "size": "10s"}},
         "/spec/window/size: '10s' is not an integer: write one"),
        ("CircuitBreaker", {"failureRate": 0.5}, ("/spec/failureRate: 0.5 is not a share: "
         "write '50%'")),
    ],
)  # fmt: skip
def test_one_mistake_is_one_sentence(
    kind: str, spec: dict[str, object], message: str | None
) -> None:
    """At the place where it stands, with what was seen and what to do."""
    messages = refused(kind, {**EDGE, **spec})
    assert len(messages) == 1
    assert message is None or messages == [message]


def test_several_missing_and_unknown_fields_are_told_each() -> None:
    """They share a pointer, but not a repair."""
    messages = refused("Waiver", {"edge": {"to": "a"}, "foo": 1, "quux": 2})
    assert [message.split(" (")[0] for message in messages] == [
        "/spec: field 'code' is missing",
        "/spec: field 'reason' is missing",
        "/spec: field 'owner' is missing",
        "/spec: field 'expires' is missing",
        (
            "/spec/foo: unknown field 'foo': known here are code, edge, resource, pointers, "
            "reason, owner, expires"
        ),
        (
            "/spec/quux: unknown field 'quux': known here are code, edge, resource, pointers, "
            "reason, owner, expires"
        ),
    ]


def test_a_long_list_of_names_is_cut() -> None:
    """The rest is in the reference."""
    operation = {"name": "a", "zebra": 1}
    (message,) = refused("Service", {"operations": [operation]})
    assert message.endswith("emits, maxBody, cancels, honoursDeadline and 2 more")


def test_a_long_value_is_cut() -> None:
    """A message is read on a screen."""
    (message,) = refusals(document("Timeout", EDGE, name="x" * 10_000))
    assert message.startswith(f"/metadata/name: '{'x' * 59}... is not a DNS label")


def test_not_everything_is_looked_for() -> None:
    """A hundred mistakes are enough for one round."""
    calls = [{"to": "A"} for _ in range(200)]
    assert len(refused("Service", {"operations": [{"name": "a", "calls": calls}]})) == 100
