"""Baselines: the findings that are known already, in a file, and reports without them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from configsvc.analysis import Mark, Report, new_findings
from configsvc.cli.whole_files import write_whole
from configsvc.errors import InputError
from configsvc.model.findings import NotEvaluated, Severity
from configsvc.schema import InvalidDocumentError, parse_json

MAX_BYTES: Final = 256 << 20
"""Bytes of a baseline: a report of a hundred thousand findings fits."""

_LEVELS = {level.label: level for level in Severity}


class BaselineError(InputError):
    """A file is no baseline, or one of something else."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} is no baseline: {problem}; write one with 'configsvc check "
            "--write-baseline FILE', or name a result of 'configsvc check --format json'"
        )


@dataclass(frozen=True, slots=True)
class Undecided:
    """One rule that could not decide, as a baseline remembers it."""

    code: str
    subject: str

    @classmethod
    def of(cls, entry: NotEvaluated) -> "Undecided":
        """What is remembered of an entry of a report."""
        return cls(entry.code, str(entry.subject))


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known of one namespace: the marks of open findings, waived ones, open questions."""

    namespace: str
    marks: Mapping[str, Mark]
    waived: frozenset[str] = frozenset()
    undecided: frozenset[Undecided] = frozenset()

    @classmethod
    def of(cls, namespace: str, report: Report) -> "Baseline":
        """All that a report says."""
        return cls(
            namespace,
            report.marks,
            frozenset(mark for finding in report.waived for mark in finding.fingerprints),
            frozenset(map(Undecided.of, report.not_evaluated)),
        )

    def narrow(self, report: Report) -> Report:
        """A report with only what is not known: new, or worse than it was. Marks stay whole."""
        base = Report(marks=self.marks)
        return replace(
            report,
            findings=new_findings(report, base, least=Severity.INFO),
            waived=tuple(f for f in report.waived if not self.waived.issuperset(f.fingerprints)),
            not_evaluated=tuple(
                each for each in report.not_evaluated if Undecided.of(each) not in self.undecided
            ),
        )


def baseline_data(baseline: Baseline) -> dict[str, Any]:
    """A baseline as JSON; a result of ``check --format json`` has the same members."""
    return {
        "namespace": baseline.namespace,
        "marks": {
            name: {"severity": mark.severity.label, "magnitude": mark.magnitude}
            for name, mark in sorted(baseline.marks.items())
        },
        "known": {
            "waived": sorted(baseline.waived),
            "notEvaluated": sorted([each.code, each.subject] for each in baseline.undecided),
        },
    }


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline, one finding a line, so that its history can be read.

    Raises:
        InputError: the file cannot be written.
    """
    data = baseline_data(baseline)
    marks = ",\n".join(_member(name, mark) for name, mark in data["marks"].items())
    known = ",\n".join(_member(name, value) for name, value in data["known"].items())
    head = f'  "namespace": {json.dumps(baseline.namespace)}'
    write_whole(
        path,
        f'{{\n{head},\n  "marks": {_block(marks)},\n  "known": {_block(known)}\n}}\n'.encode(),
    )


def read_baseline(path: Path, namespace: str) -> Baseline:
    """Read a baseline of a namespace.

    Raises:
        BaselineError: the file cannot be read, is no baseline, or is that of another namespace.
    """
    value = _value(path)
    try:
        baseline = _baseline(value)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise BaselineError(path, "'namespace', 'marks' or 'known' is not as it should be") from exc
    if baseline.namespace != namespace:
        raise BaselineError(
            path, f"it is of namespace {baseline.namespace!r}, and this is a check of {namespace!r}"
        )
    return baseline


def _value(path: Path) -> Any:  # noqa: ANN401 any JSON
    try:
        return parse_json(path.read_bytes(), origin=str(path), largest=MAX_BYTES)
    except OSError as exc:
        raise BaselineError(path, f"it cannot be read ({exc.strerror})") from exc
    except InvalidDocumentError as exc:
        raise BaselineError(path, f"it is not JSON ({exc.errors[0].message})") from exc


def _baseline(value: Any) -> Baseline:  # noqa: ANN401 any JSON
    known = value["known"]
    return Baseline(
        str(value["namespace"]),
        {name: _mark(mark) for name, mark in value["marks"].items()},
        frozenset(map(str, known["waived"])),
        frozenset(Undecided(code, subject) for code, subject in known["notEvaluated"]),
    )


def _mark(value: Mapping[str, Any]) -> Mark:
    return Mark(_LEVELS[value["severity"]], float(value["magnitude"]))


def _member(name: str, value: Any) -> str:  # noqa: ANN401 any JSON
    return f"    {json.dumps(name, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"


def _block(members: str) -> str:
    return f"{{\n{members}\n  }}" if members else "{}"


def narrowed(report: Report, baselines: Iterable[Baseline]) -> Report:
    """A report with only what none of the baselines knows."""
    for baseline in baselines:
        report = baseline.narrow(report)
    return report
