"""Changes: publish, check, history, differences, rollback."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from flask import Response, g

from configsvc.model.names import Key
from configsvc.rollout import plan_from_json
from configsvc.schema import Document, load_value
from configsvc.usecases import Change, Published, Rollback
from configsvc.usecases.waiving import waiver_documents
from configsvc.web.api.bodies import json_body
from configsvc.web.api.contract.operations import Answer, Body, Routes
from configsvc.web.api.contract.parameters import Flag, Header, Number
from configsvc.web.api.incoming import namespace_of, plane, principal, repeat
from configsvc.web.api.preview_rendering import preview_json
from configsvc.web.api.rendering import answer, difference_json, published_json, revision_json

routes = Routes("changes")

_CHANGES: Final = "/v1/namespaces/{ns}/changes"
_ONE: Final = "/v1/namespaces/{ns}/changes/{revision}"
_DIFF: Final = "/v1/namespaces/{ns}/diff"
_ROLLBACK: Final = "/v1/namespaces/{ns}/rollback"
_CHECK: Final = "/v1/namespaces/{ns}/check"

DRY_RUN = Flag("dryRun", "Only say what would happen.")
BEFORE = Number("before", "Only changes before this revision: the `next` of a page.", low=1)
LIMIT = Number("limit", "How many items a page has.", low=1, high=500, default=50)
FROM = Number("from", "The earlier revision; 0 is the empty namespace.", optional=False)
TO = Number("to", "The later revision; 0 is the empty namespace.", optional=False)
IDEMPOTENCY_KEY = Header(
    "Idempotency-Key", "Up to 255 characters; a repetition within 24 h gets the first outcome."
)

CHECK_PROBLEMS: Final = (
    "change-too-large", "confirmation-required", "invalid-change", "invalid-document",
    "managed-elsewhere", "rollout-in-progress", "stale-base", "unknown-base",
)  # fmt: skip
_WRITES: Final = ("contention", "idempotency-key-reused", "store-full")
PUBLISH_PROBLEMS: Final = (*CHECK_PROBLEMS, *_WRITES, "refused-by-findings")


@routes.add(
    "POST",
    _CHANGES,
    {200: Answer("It is published, or with `dryRun` what would happen.", "PublishedOrPreview")},
    body=Body("Change"),
    queries=(DRY_RUN,),
    headers=(IDEMPOTENCY_KEY,),
    problems=PUBLISH_PROBLEMS,
)
def publish(ns: str) -> Response:
    """Make a change the next revision."""
    namespace, change = namespace_of(ns), change_of(json_body("Change"))
    if DRY_RUN.read():
        return answer(preview_json(plane().publisher.check(principal(), namespace, change)))
    return _published(plane().publisher.publish(principal(), namespace, change, repeat()))


@routes.add(
    "POST",
    _CHECK,
    {200: Answer("What it would do, what is wrong with it included.", "Preview")},
    body=Body("Check"),
    problems=CHECK_PROBLEMS,
)
def check(ns: str) -> Response:
    """Say what a change would do; nothing is written."""
    change = change_of({"message": "", "confirm": True, **json_body("Check")})
    return answer(preview_json(plane().publisher.check(principal(), namespace_of(ns), change)))


@routes.add(
    "GET",
    _CHANGES,
    {200: Answer("A page of changes.", "History")},
    queries=(BEFORE, LIMIT),
)
def history(ns: str) -> Response:
    """The changes of a namespace, newest first."""
    limit = LIMIT.need()
    found = plane().inspector.history(
        principal(), namespace_of(ns), before=BEFORE.read(), limit=limit
    )
    following = len(found) == limit and found[-1].number > 1
    items = [revision_json(record) for record in found]
    return answer({"items": items, **({"next": found[-1].number} if following else {})})


@routes.add(
    "GET",
    _ONE,
    {200: Answer("The change.", "RevisionWithReport")},
    problems=("unknown-revision",),
)
def get_change(ns: str, revision: int) -> Response:
    """The record of one change, with the findings that were open when it was made."""
    record, report = plane().inspector.change(principal(), namespace_of(ns), revision)
    findings = None if report is None else orjson.Fragment(report)
    return answer({**revision_json(record), "report": findings})


@routes.add(
    "GET",
    _DIFF,
    {200: Answer("The resources that differ.", "Differences")},
    queries=(FROM, TO),
    problems=("unknown-revision",),
)
def diff(ns: str) -> Response:
    """The resources that differ between two revisions."""
    found = plane().inspector.diff(principal(), namespace_of(ns), FROM.need(), TO.need())
    return answer({"items": [difference_json(each) for each in found]})


@routes.add(
    "POST",
    _ROLLBACK,
    {200: Answer("It is rolled back, or with `dryRun` what would happen.", "PublishedOrPreview")},
    body=Body("Rollback"),
    queries=(DRY_RUN,),
    headers=(IDEMPOTENCY_KEY,),
    problems=(
        *_WRITES, "acknowledgement-required", "invalid-change", "invalid-document",
        "unknown-revision",
    ),
)  # fmt: skip
def roll_back(ns: str) -> Response:
    """Make former content the next revision."""
    sent, namespace = json_body("Rollback"), namespace_of(ns)
    if DRY_RUN.read():
        return answer(preview_json(plane().rollbacks.preview(principal(), namespace, sent["to"])))
    rollback = Rollback(sent["to"], sent.get("message", ""), sent.get("acknowledge", False))
    return _published(plane().rollbacks.roll_back(principal(), namespace, rollback, repeat()))


def _published(outcome: Published) -> Response:
    g.published = outcome
    return answer(published_json(outcome))


def change_of(sent: Mapping[str, Any]) -> Change:
    """The change that a body of shape `Change` is; raises `InvalidPlanError`."""
    plan = sent.get("rollout")
    return Change(
        message=sent["message"],
        base=sent.get("base"),
        put=tuple(_documents(sent)),
        delete=tuple(Key.parse(each) for each in sent.get("delete", ())),
        confirm=sent.get("confirm", False),
        take_over=sent.get("takeOver", False),
        rollout=None if plan is None else plan_from_json(plan),
    )


def _documents(sent: Mapping[str, Any]) -> Iterator[Document]:
    for index, value in enumerate(sent.get("put", ())):
        yield load_value(value, origin=f"/put/{index}")
    yield from waiver_documents(sent.get("waivers", ()), plane().moment.today())
