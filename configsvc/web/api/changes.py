"""Changes: publish, check, history, differences, rollback."""

from typing import Any

import orjson
from flask import Blueprint, Response

from configsvc.model.names import Key
from configsvc.schema import load_value
from configsvc.usecases import Change, Rollback
from configsvc.usecases.waiving import waiver_documents
from configsvc.web.api.incoming import (
    body,
    flag,
    namespace_of,
    number,
    plane,
    principal,
    repeat,
)
from configsvc.web.api.problems import MalformedBodyError, MalformedRequestError
from configsvc.web.api.rendering import (
    answer,
    difference_json,
    preview_json,
    published_json,
    revision_json,
)

blueprint = Blueprint("changes", __name__)
_NAMESPACE = "/v1/namespaces/<ns>"


@blueprint.post(f"{_NAMESPACE}/changes")
def publish(ns: str) -> Response:
    """Make a change the next revision."""
    sent = body(
        message=str,
        base=int,
        put=list,
        delete=list,
        waivers=list,
        confirm=bool,
        takeOver=bool,
    )
    for required in ("message", "base"):
        if required not in sent:
            raise MalformedBodyError(message=f"field {required!r} is missing from the body")
    namespace, change = namespace_of(ns), _change(sent)
    if flag("dryRun"):
        return answer(preview_json(plane().publisher.check(principal(), namespace, change)))
    return answer(
        published_json(plane().publisher.publish(principal(), namespace, change, repeat()))
    )


@blueprint.post(f"{_NAMESPACE}/check")
def check(ns: str) -> Response:
    """Say what a change would do; nothing is written."""
    sent = body(put=list, delete=list, waivers=list, base=int, confirm=bool, takeOver=bool)
    change = _change({"message": "check", "confirm": True, **sent})
    return answer(preview_json(plane().publisher.check(principal(), namespace_of(ns), change)))


@blueprint.get(f"{_NAMESPACE}/changes")
def history(ns: str) -> Response:
    """The changes of a namespace, newest first."""
    before, limit = number("before", None, low=1), number("limit", 50, low=1, high=500) or 50
    found = plane().inspector.history(principal(), namespace_of(ns), before=before, limit=limit)
    following = found[-1].number if len(found) == limit and found[-1].number > 1 else None
    items = [revision_json(record) for record in found]
    return answer({"items": items, **({"next": following} if following else {})})


@blueprint.get(f"{_NAMESPACE}/changes/<int:revision>")
def change(ns: str, revision: int) -> Response:
    """The record of one change, with the findings that were open when it was made."""
    record, report = plane().inspector.change(principal(), namespace_of(ns), revision)
    findings = orjson.Fragment(report) if report is not None else None
    return answer({**revision_json(record), "report": findings})


@blueprint.get(f"{_NAMESPACE}/diff")
def diff(ns: str) -> Response:
    """The resources that differ between two revisions."""
    old, new = number("from", None, low=0), number("to", None, low=0)
    if old is None or new is None:
        raise MalformedRequestError("queries from and to are needed: two revisions, 0 is empty")
    found = plane().inspector.diff(principal(), namespace_of(ns), old, new)
    return answer({"items": [difference_json(each) for each in found]})


@blueprint.post(f"{_NAMESPACE}/rollback")
def roll_back(ns: str) -> Response:
    """Make former content the next revision."""
    sent = body(to=int, message=str, acknowledge=bool)
    if "to" not in sent:
        raise MalformedBodyError(message="field 'to' is missing from the body: name a revision")
    namespace = namespace_of(ns)
    if flag("dryRun"):
        return answer(preview_json(plane().rollbacks.preview(principal(), namespace, sent["to"])))
    rollback = Rollback(sent["to"], sent.get("message", ""), sent.get("acknowledge", False))
    return answer(
        published_json(plane().rollbacks.roll_back(principal(), namespace, rollback, repeat()))
    )


def _change(sent: dict[str, Any]) -> Change:
    today = plane().moment.today()
    documents = [load_value(each, origin=f"/put/{i}") for i, each in enumerate(sent.get("put", ()))]
    return Change(
        message=sent["message"],
        base=sent.get("base"),
        put=(*documents, *waiver_documents(sent.get("waivers", ()), today)),
        delete=tuple(_key(i, each) for i, each in enumerate(sent.get("delete", ()))),
        confirm=sent.get("confirm", False),
        take_over=sent.get("takeOver", False),
    )


def _key(index: int, each: object) -> Key:
    if not isinstance(each, str):
        raise MalformedBodyError(message=f"/delete/{index} must be text of the form Kind/name")
    return Key.parse(each)
