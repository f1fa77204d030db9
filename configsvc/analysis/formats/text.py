"""Reports for people: like a compiler's, with both ends of each conflict."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from configsvc.analysis.formats.spots import Locator, Spot, nowhere, places_of, subject_text
from configsvc.analysis.report import Report
from configsvc.model.findings import Finding, Fix, NotEvaluated, Place, Severity
from configsvc.model.names import Key, Kind

_SHOWN_EDGES = 5
_SHOWN_PLACES = 12
_SHOWN_COLUMNS = 160
"""Columns of a line: a whole document may stand in one."""
_SHOWN_NAMES = 3
_NOT_TABS = re.compile(r"[^\t]")


def text_report(report: Report, locate: Locator = nowhere) -> str:
    """A report as text; ends with a line that sums it up."""
    blocks = [finding_text(finding, locate) for finding in report.findings]
    blocks += [_waived_text(finding, locate) for finding in report.waived]
    undecided = _undecided(report.not_evaluated)
    if undecided:
        blocks.append(undecided)
    return "\n\n".join((*blocks, summary(report))) + "\n"


def summary(report: Report) -> str:
    """One line: how many findings of each severity, and what was checked."""
    found = Counter(finding.severity for finding in report.findings)
    parts = [_counted(found[level], level.label) for level in reversed(Severity) if found[level]]
    parts.append(f"{len(report.waived)} waived" if report.waived else "")
    parts.append(
        _counted(len(report.not_evaluated), "check") + " without the data they need"
        if report.not_evaluated
        else ""
    )
    result = ", ".join(part for part in parts if part) or "no findings"
    return f"{result}; {_counted(report.edges, 'edge')} checked"


def finding_text(finding: Finding, locate: Locator = nowhere) -> str:
    """One finding with its places, witness and fix."""
    return "\n".join(_lines(finding, locate))


def _lines(finding: Finding, locate: Locator) -> Iterator[str]:
    yield f"{finding.severity.label}[{finding.code}] {finding.name}: {finding.message}"
    places = places_of(finding)
    spots = ((place, locate(place)) for place in places)
    groups = [list(group) for _, group in groupby(spots, _line_and_label)]
    for group in groups[:_SHOWN_PLACES]:
        yield from _places(group)
    if len(groups) > _SHOWN_PLACES:
        yield f"  --> and {_counted(len(groups) - _SHOWN_PLACES, 'more place')}"
    yield f"  = on {_where(finding)}"
    if finding.witness is not None:
        witness = finding.witness
        yield f"  = with {witness.load}, when {witness.faults}"
        yield f"    seen: {witness.seen}"
        yield f"    meant: {witness.meant}"
    for inner in finding.consequences:
        yield f"  = follows: {inner.severity.label}[{inner.code}] {inner.message}"
    if finding.fix is not None:
        yield from _fix(finding.fix)


def _line_and_label(found: tuple[Place, Spot | None]) -> object:
    """What places have in common that share an excerpt."""
    place, spot = found
    return (spot.file, spot.line, place.label) if spot else place


def _places(group: list[tuple[Place, Spot | None]]) -> Iterator[str]:
    """One line of a file with everything on it that one label is about."""
    place, first = group[0]
    if first is None:
        yield f"  --> {place.resource} {place.pointer}: {place.label}"
        return
    yield f"  --> {first}"
    if first.text is None:
        yield f"   | {place.label}"
        return
    text = first.text.rstrip()
    marks = _marks(text, [spot for _, spot in group if spot])
    shown = _window(text, marks)
    margin = " " * len(str(first.line))
    yield f"  {margin} |"
    yield f"  {first.line} | {text[shown]}"
    yield f"  {margin} | {marks[shown]} {place.label}"


def _window(text: str, marks: str) -> slice:
    """The part of a line that is shown: all of it, or of a long one what is around the marks."""
    if len(text) <= _SHOWN_COLUMNS:
        return slice(None)
    begin = max(0, marks.index("^") - _SHOWN_COLUMNS // 4)
    return slice(begin, begin + _SHOWN_COLUMNS)


def _marks(text: str, spots: Iterable[Spot]) -> str:
    """A line that marks what begins at some spots of a text, tabs kept, so that both align."""
    spans = [(spot.column - 1, spot.end - 1) for spot in spots]
    width = max(end for _, end in spans)
    line = list(_NOT_TABS.sub(" ", text[:width]).ljust(width))
    for start, end in spans:
        line[start:end] = "^" * (end - start)
    return "".join(line)


def _where(finding: Finding) -> str:
    edges = finding.edges
    if finding.subject.edge is None or len(edges) < 2:  # noqa: PLR2004 - one edge speaks for itself
        return subject_text(finding.subject)
    shown = ", ".join(str(edge) for edge in edges[:_SHOWN_EDGES])
    more = len(edges) - _SHOWN_EDGES
    return f"{len(edges)} edges: {shown}" + (f" and {more} more" if more > 0 else "")


def _fix(fix: Fix) -> Iterator[str]:
    yield f"  = fix: {fix.title}"
    for operation in fix.patch:
        value = f": {operation['value']}" if "value" in operation else ""
        yield f"    {operation['op']} {fix.resource} {operation['path']}{value}"


def _waived_text(finding: Finding, locate: Locator) -> str:
    waiver = Key(Kind.WAIVER, finding.waived_by or "")
    spot = locate(Place(waiver, ""))
    return (
        f"waived[{finding.code}] {finding.name}: {finding.message}\n"
        f"  = on {_where(finding)}\n  = by {f'{waiver} at {spot}' if spot else waiver}"
    )


def _undecided(entries: Iterable[NotEvaluated]) -> str:
    by_code: dict[str, list[NotEvaluated]] = {}
    for entry in entries:
        by_code.setdefault(entry.code, []).append(entry)
    lines = [_undecided_rule(code, found) for code, found in by_code.items()]
    return "\n".join(("not evaluated:", *lines)) if lines else ""


def _undecided_rule(code: str, entries: list[NotEvaluated]) -> str:
    """One line for all that one rule misses."""
    edges = {edge for entry in entries for edge in entry.edges}
    where = _counted(len(edges), "edge") if edges else _few([str(e.subject) for e in entries])
    return f"  {code} on {where} needs {_few([n for entry in entries for n in entry.missing])}"


def _few(names: list[str]) -> str:
    """Some names, and how many more there are."""
    unique = list(dict.fromkeys(names))
    more = len(unique) - _SHOWN_NAMES
    return ", ".join(unique[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
