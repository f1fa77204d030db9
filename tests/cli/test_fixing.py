"""Fixes are taken if they make things better and nothing worse."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from configsvc.analysis import Mark
from configsvc.cli.examining import Examination, examine
from configsvc.cli.fixing import fix
from configsvc.cli.sources import load
from configsvc.model.findings import Fix
from configsvc.model.names import Key, Kind
from tests.cli.documents import RETRY, SYSTEM, TIMEOUT

TODAY: date = datetime.now(UTC).date()
EAGER = Key(Kind.RETRY, "eager")
BOUNDED = Key(Kind.TIMEOUT, "bounded")


@pytest.fixture
def examination(tmp_path: Path) -> Examination:
    """Retries that do not fit (RT03), with the fix of the rule."""
    (tmp_path / "a.yaml").write_text(f"{SYSTEM}---\n{TIMEOUT}---\n{RETRY}")
    return examine(load([tmp_path], TODAY), "default", TODAY)


def with_patch(examination: Examination, resource: Key, *patch: dict[str, Any]) -> Examination:
    """The same with another fix of RT03, and of nothing else."""
    findings = tuple(
        replace(each, fix=Fix(resource, patch, "try this") if each.code == "RT03" else None)
        for each in examination.report.findings
    )
    return replace(examination, report=replace(examination.report, findings=findings))


def test_fix_that_clears_its_finding_is_taken(examination: Examination) -> None:
    """The document has the new value; nothing is written."""
    found = fix(examination)

    assert [each.code for each in found.applied] == ["RT03"]
    assert found.values[EAGER]["spec"]["attempts"] == 2
    assert found.refused == []


def test_fix_that_changes_nothing_for_its_finding_is_refused(examination: Examination) -> None:
    """A patch that leaves the finding open is no fix."""
    patch = {"op": "replace", "path": "/spec/attempts", "value": 5}
    found = fix(with_patch(examination, EAGER, patch))

    assert ([each.code for each in found.refused], found.applied) == (["RT03"], [])
    assert found.values == {}


def test_fix_that_brings_something_as_bad_is_refused(examination: Examination) -> None:
    """Time for ever makes room for every attempt, and is worse than what it repairs."""
    patches = [{"op": "remove", "path": f"/spec/{name}"} for name in ("attempt", "overall")]
    found = fix(with_patch(examination, BOUNDED, *patches))

    assert [each.code for each in found.refused] == ["RT03"]


@pytest.mark.parametrize(
    "patch",
    [
        {"op": "replace", "path": "/spec/nowhere/else", "value": 1},
        {"op": "replace", "path": "/spec/attempts", "value": "many"},
    ],
)
def test_fix_that_does_not_fit_is_refused(examination: Examination, patch: dict[str, Any]) -> None:
    """A patch of a field that is not there, or that makes an invalid document, does nothing."""
    assert fix(with_patch(examination, EAGER, patch)).values == {}


def test_bad_fix_does_not_keep_a_good_one_away(examination: Examination) -> None:
    """Fixes that are bad together are tried on their own."""
    good = next(each for each in examination.report.findings if each.code == "RT03")
    bad = replace(
        good,
        fix=Fix(EAGER, ({"op": "replace", "path": "/spec/backoff", "value": "x"},), "no"),
        fingerprints=("RT03 of another",),
    )
    marks = {**examination.report.marks, "RT03 of another": Mark(bad.severity, 1)}
    report = replace(examination.report, findings=(bad, good), marks=marks)
    found = fix(replace(examination, report=report))

    assert ([each.fingerprints[0] for each in found.refused]) == ["RT03 of another"]
    assert found.values[EAGER]["spec"]["attempts"] == 2


def test_fix_of_a_resource_in_no_file_is_left_out(examination: Examination) -> None:
    """What stands only in a namespace cannot be edited here."""
    patch = {"op": "replace", "path": "/spec/attempts", "value": 2}
    found = fix(with_patch(examination, Key(Kind.RETRY, "elsewhere"), patch))

    assert (found.applied, found.refused) == ([], [])
