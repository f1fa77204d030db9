"""What a problem document says beyond its detail: where, which findings, and both sides."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from configsvc.analysis.formats import finding_data
from configsvc.analysis.formats.data import not_evaluated_data
from configsvc.rollout import InvalidPlanError
from configsvc.schema import DocumentError, InvalidDocumentError
from configsvc.usecases import errors
from configsvc.web.api.errors import MalformedBodyError
from configsvc.web.api.rendering import key_json

MAX_ERRORS: Final = 200
"""Errors of documents that a problem lists; its detail says how many there are."""

_SAID: Final = 3


def detail(error: Exception) -> str:
    """What went wrong and what to do; of many errors in documents the first few."""
    if not isinstance(error, InvalidDocumentError):
        return str(error)
    said = [_line(document_error_json(each)) for each in error.errors[:_SAID]]
    rest = len(error.errors) - len(said)
    return "; ".join(said) + (f"; and {rest} more" if rest else "")


def _line(error: Mapping[str, Any]) -> str:
    place = error.get("pointer")
    return f"{place}: {error['message']}" if place else str(error["message"])


def members(error: Exception) -> Mapping[str, Any]:
    """The members that an error adds; None ones are to be left out."""
    match error:
        case MalformedBodyError() | InvalidDocumentError():
            return {"errors": [document_error_json(each) for each in error.errors[:MAX_ERRORS]]}
        case errors.InvalidChangeError() | InvalidPlanError():
            return {"errors": [{"pointer": error.pointer, "message": str(error)}]}
        case errors.RefusedByFindingsError():
            return {
                "findings": [finding_data(each) for each in error.blocking],
                "notEvaluated": [not_evaluated_data(each) for each in error.undecided] or None,
            }
        case errors.AcknowledgeError():
            return {"findings": [finding_data(each) for each in error.findings]}
        case errors.StaleBaseError():
            sides = [_stale_json(each) for each in error.resources]
            return {"base": error.base, "head": error.head, "resources": sides}
        case errors.UnknownBaseError():
            return {"base": error.base, "head": error.head}
        case errors.PreconditionFailedError():
            return {"expected": error.expected, "seen": error.seen}
        case _:
            return {}


def document_error_json(error: DocumentError) -> dict[str, Any]:
    """One thing that is wrong with a document, by its pointer into the body.

    The origin of a document inside a body is the pointer to it.
    """
    inside = error.origin.startswith("/")
    found = {
        "origin": None if inside else error.origin,
        "line": error.line,
        "column": error.column,
        "pointer": error.origin + error.pointer if inside else error.pointer,
        "message": error.message,
        "seen": error.seen,
        "allowed": list(error.allowed) or None,
        "hint": error.hint,
    }
    return {name: value for name, value in found.items() if value is not None}


def _stale_json(stale: errors.StaleResource) -> dict[str, Any]:
    return {
        **key_json(stale.key),
        "base": _side_json(stale.base, stale.base_document),
        "head": _side_json(stale.head, stale.head_document),
    }


def _side_json(digest: str | None, document: bytes | None) -> dict[str, Any] | None:
    if digest is None:
        return None
    if document is None:
        return {"digest": digest}
    return {"digest": digest, "document": orjson.Fragment(document)}
