"""Results of a check, as people, programs and build servers read them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import click

from configsvc import __version__
from configsvc.analysis import Report
from configsvc.analysis.formats import (
    Locator,
    Spot,
    github_annotations,
    junit_report,
    report_data,
    sarif_report,
    text_report,
)
from configsvc.analysis.rules import ALL
from configsvc.cli.baselines import Baseline, baseline_data
from configsvc.cli.sources import Sources
from configsvc.cli.suggesting import suggested
from configsvc.cli.terminal import counted
from configsvc.model.findings import Severity
from configsvc.model.names import Key
from configsvc.schema import DocumentError, Location

_HEADS: Final = re.compile(r"^(error|warning|info|waived)(\[\w+\])? ?([\w-]*):", re.MULTILINE)
_COLOURS: Final = {"error": "red", "warning": "yellow", "info": "blue", "waived": "cyan"}

_IN_MESSAGE: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY: Final = {**_IN_MESSAGE, **str.maketrans({":": "%3A", ",": "%2C"})}
"""How workflow commands spell what would end a message, or one of its properties."""


class Checked:
    """What was read and what the rules said of it, ready to be written.

    `known` is everything that the rules said, also where `report` is only what is new.
    """

    def __init__(
        self, sources: Sources, report: Report, fail_on: Severity, known: Baseline
    ) -> None:
        self.sources = sources
        self.report = report
        self.fail_on = fail_on
        self.known = known
        self.locate = spots_of(sources.locate)


def spots_of(locate: Callable[[Key, str], Location | None]) -> Locator:
    """Finds places of findings in files, with the line that stands there."""
    lines: dict[str, list[str]] = {}

    @cache  # the steps of a long path, and many findings, are about the same few places
    def found(resource: Key, pointer: str) -> Spot | None:
        location = locate(resource, pointer)
        if location is None or location.line is None or location.column is None:
            return None
        if location.file not in lines:
            lines[location.file] = _lines_of(location.file)
        text = lines[location.file][location.line - 1 : location.line]
        return Spot(location.file, location.line, location.column, *text)

    return lambda place: found(place.resource, place.pointer)


def _lines_of(file: str) -> list[str]:
    """The lines of a file that was read; none if it was changed meanwhile."""
    try:
        return Path(file).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return []


def as_text(checked: Checked) -> str:
    """Like a compiler's: what is wrong with documents first, then the findings."""
    blocks = [error_text(error) for error in checked.sources.errors]
    errors = "".join(f"{block}\n" for block in blocks)
    if blocks:
        errors += f"{counted(len(blocks), 'error')} in documents\n\n"
    return coloured(errors + text_report(checked.report, checked.locate))


def as_json(checked: Checked) -> str:
    """Everything as one JSON object."""
    data = {
        "files": checked.sources.files,
        "resources": len(checked.sources.resources),
        "errors": [error_data(error) for error in checked.sources.errors],
        **report_data(checked.report, checked.locate),
        **baseline_data(checked.known),
    }
    return _dumped(data)


def as_github(checked: Checked) -> str:
    """Workflow commands that annotate the lines of a pull request."""
    errors = "".join(f"{line}\n" for line in _annotations(checked.sources.errors))
    return errors + github_annotations(checked.report, checked.locate)


def as_sarif(checked: Checked) -> str:
    """A SARIF 2.1.0 log of the findings, with fixes; broken documents are in its invocation."""
    report = sarif_report(
        checked.report,
        ALL,
        version=__version__,
        locate=checked.locate,
        changes=suggested(checked.sources),
        mistakes=[(error.message, _spot(error)) for error in checked.sources.errors],
    )
    return _dumped(report)


def _spot(error: DocumentError) -> Spot:
    return Spot(error.origin, error.line or 1, error.column or 1)


def as_junit(checked: Checked) -> str:
    """JUnit XML of the findings."""
    return junit_report(checked.report, checked.locate, fail_on=checked.fail_on)


FORMATS: Mapping[str, Callable[[Checked], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
    "junit": as_junit,
}
"""Every form of a check's result by its name."""

WITHOUT_DOCUMENT_ERRORS = frozenset({"sarif", "junit"})
"""Forms that have no place for a document that cannot be read: it goes to standard error."""


def error_text(error: DocumentError) -> str:
    """What is wrong with a document, with its place and what would be right."""
    return "\n".join(_error_lines(error))


def error_data(error: DocumentError) -> dict[str, Any]:
    """What is wrong with a document, as JSON; what is unknown is left out."""
    data = {
        "file": error.origin,
        "line": error.line,
        "column": error.column,
        "pointer": error.pointer,
        "message": error.message,
        "seen": error.seen,
        "allowed": list(error.allowed),
        "hint": error.hint,
    }
    return {name: value for name, value in data.items() if value not in (None, [])}


def _error_lines(error: DocumentError) -> Iterator[str]:
    place = error.origin
    if error.line is not None:
        place += f":{error.line}:{error.column}"
    yield f"error: {error.message}"
    yield f"  --> {place}" + (f" ({error.pointer})" if error.pointer else "")
    if error.hint is not None and error.hint not in error.message:
        yield f"  = did you mean {error.hint!r}?"


def _annotations(errors: list[DocumentError]) -> Iterator[str]:
    for error in errors:
        where = f"file={error.origin.translate(_IN_PROPERTY)}"
        if error.line is not None:
            where += f",line={error.line},col={error.column}"
        yield f"::error {where},title=invalid document::{error.message.translate(_IN_MESSAGE)}"


def coloured(text: str) -> str:
    """A report with the heads of its findings in the colour of their severity."""
    return _HEADS.sub(_coloured, text)


def _coloured(match: re.Match[str]) -> str:
    return click.style(match[0], fg=_COLOURS[match[1]], bold=True)


def _dumped(value: Any) -> str:  # noqa: ANN401 any JSON
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
