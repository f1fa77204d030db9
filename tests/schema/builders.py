"""Documents for tests, and what is said about them."""

from datetime import date
from typing import Any

from configsvc.schema import InvalidDocumentError, load_text, load_value, read

TODAY = date(2030, 1, 1)


def document(kind: str, spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """A document of ``kind`` with everything but its spec filled in."""
    return {
        "apiVersion": "configsvc/v1",
        "kind": kind,
        "metadata": {"name": "example", **metadata},
        "spec": {} if spec is None else spec,
    }


def spec_of(kind: str, spec: dict[str, Any] | None = None) -> Any:
    """The typed spec of a document that has to be valid."""
    return read(load_value(document(kind, spec), origin="test"), today=TODAY).spec


def refusals(value: dict[str, Any]) -> list[str]:
    """What is said against a document, as 'pointer: message', sorted as it is shown."""
    try:
        read(load_value(value, origin="test"), today=TODAY)
    except InvalidDocumentError as exc:
        return [f"{error.pointer}: {error.message}" for error in exc.errors]
    return []


def refused(kind: str, spec: dict[str, Any]) -> list[str]:
    """What is said against a spec of ``kind``."""
    return refusals(document(kind, spec))


def loaded(text: str | bytes, syntax: Any = "yaml") -> tuple[list[Any], list[str]]:
    """The values and the errors in a text."""
    result = load_text(text, origin="file", syntax=syntax)
    return [each.value for each in result.documents], [str(error) for error in result.errors]
