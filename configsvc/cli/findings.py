"""Findings as the server tells them, as text; places in local files where there are any."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from configsvc.model.names import Key
from configsvc.schema import Location

Locate = Callable[[Key, str], Location | None]
"""Where a pointer of a resource stands in a local file; None where it does not."""


def nowhere(_key: Key, _pointer: str) -> None:
    """There are no local files."""


def findings_text(findings: Iterable[Mapping[str, Any]], locate: Locate = nowhere) -> str:
    """Findings with their places and fixes, an empty line between them."""
    return "\n\n".join("\n".join(_lines(finding, locate)) for finding in findings)


def _lines(finding: Mapping[str, Any], locate: Locate) -> Iterator[str]:
    yield "{severity}[{code}] {name}: {message}".format(**finding)
    for place in finding.get("places", ()):
        resource, pointer = place["resource"], place["pointer"]
        location = locate(Key.parse(resource), pointer)
        yield f"  --> {location or f'{resource} {pointer}'}: {place['label']}"
    yield f"  = on {subject_text(finding['subject'])}"
    if "fix" in finding:
        yield f"  = fix: {finding['fix']['title']}"


def subject_text(subject: Mapping[str, Any]) -> str:
    """What a finding is about: an edge, a path, or a resource."""
    if "edge" in subject:
        return _edge(subject["edge"])
    if "path" in subject:
        first, *_ = subject["path"]
        hops = (f"{edge['to']}[{edge['operation']}]" for edge in subject["path"])
        return " -> ".join((first["from"], *hops))
    return str(subject["resource"])


def _edge(edge: Mapping[str, str]) -> str:
    return f"{edge['from']} -> {edge['to']} {edge['operation']}"
