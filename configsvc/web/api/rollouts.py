"""Staged rollouts: begin, look, and steer."""

from typing import Final

from flask import Response, g

from configsvc.usecases import Published
from configsvc.web.api.bodies import json_body
from configsvc.web.api.changes import IDEMPOTENCY_KEY, PUBLISH_PROBLEMS, change_of
from configsvc.web.api.contract.operations import Answer, Body, Routes
from configsvc.web.api.contract.parameters import Number
from configsvc.web.api.incoming import namespace_of, plane, principal, repeat
from configsvc.web.api.rendering import answer, published_json
from configsvc.web.api.rollout_rendering import moved_json, rollout_json, rollout_view_json

routes = Routes("rollouts")

_ALL: Final = "/v1/namespaces/{ns}/rollouts"
_ONE: Final = "/v1/namespaces/{ns}/rollouts/{revision}"
_MOVES: Final = ("contention", "rollout-ended", "rollout-phase", "unknown-revision")
_MOVED: Final = {200: Answer("It is done, by a revision of its own.", "RolloutMoved")}

BEFORE = Number("before", "Only rollouts begun before this revision.", low=1)
LIMIT = Number("limit", "How many items a page has.", low=1, high=500, default=50)


@routes.add(
    "POST",
    _ALL,
    {200: Answer("It has begun; the revision names it.", "Published")},
    body=Body("RolloutStart"),
    headers=(IDEMPOTENCY_KEY,),
    problems=PUBLISH_PROBLEMS,
)
def start_rollout(ns: str) -> Response:
    """Begin to put a change in force, stage by stage."""
    namespace, change = namespace_of(ns), change_of(json_body("RolloutStart"))
    outcome = g.published = plane().publisher.publish(principal(), namespace, change, repeat())
    return answer(published_json(outcome))


@routes.add("GET", _ALL, {200: Answer("A page of rollouts.", "Rollouts")}, queries=(BEFORE, LIMIT))
def rollouts(ns: str) -> Response:
    """The rollouts of a namespace, newest first; at most one is in progress."""
    limit = LIMIT.need()
    found = plane().rollouts.list(principal(), namespace_of(ns), before=BEFORE.read(), limit=limit)
    following = {"next": found[-1].id} if len(found) == limit else {}
    return answer({"items": [rollout_json(each) for each in found], **following})


@routes.add(
    "GET", _ONE, {200: Answer("The rollout.", "RolloutView")}, problems=("unknown-revision",)
)
def rollout(ns: str, revision: int) -> Response:
    """One rollout, how its members stand to it, and what is next."""
    return answer(rollout_view_json(plane().rollouts.view(principal(), namespace_of(ns), revision)))


@routes.add("POST", f"{_ONE}/pause", _MOVED, body=Body("RolloutReason"), problems=_MOVES)
def pause_rollout(ns: str, revision: int) -> Response:
    """Add nobody until it is resumed."""
    reason = json_body("RolloutReason").get("reason", "")
    return _moved(plane().rollouts.pause(principal(), namespace_of(ns), revision, reason))


@routes.add(
    "POST",
    f"{_ONE}/resume",
    _MOVED,
    problems=(
        *_MOVES, "invalid-change", "invalid-document", "refused-by-findings", "stale-base",
    ),
)  # fmt: skip
def resume_rollout(ns: str, revision: int) -> Response:
    """Go on; on a head that moved meanwhile, after another check."""
    return _moved(plane().rollouts.resume(principal(), namespace_of(ns), revision))


@routes.add("POST", f"{_ONE}/promote", _MOVED, problems=_MOVES)
def promote_rollout(ns: str, revision: int) -> Response:
    """Put it in force for everybody, whatever its gate says."""
    return _moved(plane().rollouts.promote(principal(), namespace_of(ns), revision))


@routes.add("POST", f"{_ONE}/abort", _MOVED, body=Body("RolloutReason"), problems=_MOVES)
def abort_rollout(ns: str, revision: int) -> Response:
    """Give it up: its members go back to the head."""
    reason = json_body("RolloutReason").get("reason", "")
    return _moved(plane().rollouts.abort(principal(), namespace_of(ns), revision, reason))


def _moved(outcome: Published) -> Response:
    g.published = outcome
    return answer(moved_json(outcome))
