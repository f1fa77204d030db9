"""Whether and how a request can be made again as the operation that a policy names."""

from __future__ import annotations

from typing import Any

import pytest

from configsvc_agent.engine.policy import Edge, OperationFallback
from configsvc_agent.integrations._reissue import Reissue, reissued
from configsvc_agent.integrations._request import Request
from configsvc_agent.testing import FakeAgent, bundle

OPERATIONS: dict[str, dict[str, Any]] = {
    "get-score": {"methods": ["GET"], "path": "/scores/{id}"},
    "add-score": {"methods": ["POST"], "path": "/scores/{id}/more"},
    "get-old-score": {"methods": ["GET"], "path": "/old/{id}"},
    "get-season": {"methods": ["GET"], "path": "/seasons/{season}/{id}"},
    "get-best": {"methods": ["GET"], "path": "/old/best"},
    "put-score": {"methods": ["PUT", "POST"], "path": "/backup/{id}"},
    "any-score": {"path": "/any/{id}"},
    "over-grpc": {"grpc": "scores.Scores/Get"},
}
AGENT = FakeAgent(
    "player-engine",
    bundle(
        "player-engine",
        {
            name: {each: {"match": match, "policy": {}} for each, match in OPERATIONS.items()}
            for name in ("score-engine", "score-archive")
        },
    ),
)


def tried(
    other: str,
    target: str = "/scores/7?x=1",
    *,
    callee: str | None = None,
    operation: str = "get-score",
    method: str = "GET",
    replayable: bool = True,
) -> Reissue | str:
    """A request for a score, as another operation."""
    request = Request(
        method, "http", "score-engine", 80, target, lambda _: None, replayable=replayable
    )
    edge = Edge("player-engine", "score-engine", operation)
    return reissued(request, edge, OperationFallback(other, callee), AGENT.bundle)


def built(other: str, target: str = "/scores/7?x=1", **more: Any) -> Reissue:  # noqa: ANN401
    """One that can be made."""
    result = tried(other, target, **more)
    assert isinstance(result, Reissue)
    return result


def test_parameters_of_the_same_name_and_the_query_go_along() -> None:
    """The host stays, the method is the operation's."""
    assert built("get-old-score") == Reissue(
        "score-engine", "get-old-score", "GET", None, "/old/7?x=1", with_body=False
    )


def test_another_callee_is_called_by_its_name_and_not_told_secrets() -> None:
    """A token for one service is not for another, and a condition is on one resource."""
    other = built("get-old-score", callee="score-archive")
    assert (other.callee, other.host, other.target) == (
        "score-archive",
        "score-archive",
        "/old/7?x=1",
    )
    assert other.drops >= {"authorization", "cookie", "host", "if-none-match", "content-type"}
    assert built("get-old-score").drops.isdisjoint({"authorization", "cookie", "host"})


@pytest.mark.parametrize(
    ("other", "method", "sent"),
    [
        ("put-score", "POST", "POST"),
        ("put-score", "PATCH", "PUT"),
        ("any-score", "DELETE", "DELETE"),
        ("get-old-score", "POST", "GET"),
    ],
)
def test_method_is_one_of_the_operation(other: str, method: str, sent: str) -> None:
    """The request's own where it may be, else the first; a read has no body."""
    result = built(other, method=method)
    assert (result.method, result.with_body) == (sent, sent != "GET")
    assert ("content-type" in result.drops) is (sent == "GET")


@pytest.mark.parametrize(
    ("request_of", "reason"),
    [
        (
            {"other": "get-lost"},
            "score-engine get-lost is not among the operations that this service knows",
        ),
        (
            {"other": "get-score", "callee": "unknown"},
            "unknown get-score is not among the operations that this service knows",
        ),
        ({"other": "over-grpc"}, "score-engine over-grpc has no path"),
        ({"other": "get-season"}, "/scores/{id} has no {season} for /seasons/{season}/{id}"),
        (
            {"other": "get-old-score", "target": "/elsewhere"},
            "the path is none of /scores/{id}, so it has no {id} for /old/{id}",
        ),
        ({"other": "get-old-score", "operation": "*"}, "* has no {id} for /old/{id}"),
        (
            {"other": "get-old-score", "target": "/scores/best"},
            "GET /old/best means score-engine get-best",
        ),
        (
            {"other": "get-old-score", "target": "/scores/%2E."},
            "/old/%2E. has a segment of dots, and would become another path",
        ),
        (
            {"other": "put-score", "method": "POST", "replayable": False},
            "the body of the request cannot be sent twice",
        ),
    ],
)
def test_why_a_request_cannot_be_made_again(request_of: dict[str, Any], reason: str) -> None:
    """Said in words that name what is lacking."""
    assert tried(**request_of) == reason
