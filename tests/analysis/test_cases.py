"""Every rule on its cases: what it says, at what severity, and that its fixes clear it."""

import pytest

from configsvc.analysis import Report, run_rules
from configsvc.analysis.patching import apply_patch
from configsvc.analysis.rules import ALL
from configsvc.model.findings import Finding
from tests.analysis.cases import FOLDER, Case, all_cases
from tests.analysis.documents import TODAY

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_comes_out_as_written(case: Case) -> None:
    """The rule raises, passes or lacks data as its case says, with the numbers in the message."""
    report = run_rules(case.system(), [case.rule], today=TODAY)
    expected = case.expected
    assert _outcome(report) == next(k for k in ("raises", "clean", "missing") if k in expected)
    if "raises" in expected:
        assert expected["raises"] in report.findings[0].message
        assert len(report.findings) == expected.get("findings", 1)
    if "severity" in expected:
        assert report.findings[0].severity.label == expected["severity"]
    if "missing" in expected:
        missing = {name for entry in report.not_evaluated for name in entry.missing}
        assert missing == set(expected["missing"])


@pytest.mark.parametrize("case", [c for c in CASES if "repaired" in c.expected], ids=str)
def test_repaired_twin_raises_nothing_at_all(case: Case) -> None:
    """What somebody was bitten by is clean under every rule once it is repaired."""
    findings = run_rules(case.system(), ALL, today=TODAY).findings
    assert [(f.code, f.message) for f in findings] == []


@pytest.mark.parametrize("case", [c for c in CASES if c.raises], ids=str)
def test_fix_clears_the_finding_and_raises_nothing_as_bad(case: Case) -> None:
    """A fix makes its finding vanish; nothing new of its severity or worse appears."""
    before = run_rules(case.system(), ALL, today=TODAY)
    for finding in before.findings:
        if finding.code != case.rule.code or finding.fix is None:
            continue
        after = run_rules(case.system(_fixed(case, finding)), ALL, today=TODAY)
        assert not set(finding.fingerprints[:1]) & _fingerprints(after)
        known = _fingerprints(before)
        new = [f for f in after.findings if not set(f.fingerprints) & known]
        assert [(f.code, f.message) for f in new if f.severity >= finding.severity] == []


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_rule_has_cases_of_both_polarities(rule: type) -> None:
    """Each rule has a file of cases with one that raises it and one that does not."""
    kinds = {k for c in CASES if c.rule is rule for k in ("raises", "clean") if k in c.expected}
    assert kinds == {"raises", "clean"}


def test_every_file_of_cases_belongs_to_a_rule() -> None:
    """No file of cases is left over."""
    assert {p.stem for p in FOLDER.glob("*.yaml")} == {rule.code for rule in ALL}


def _outcome(report: Report) -> str:
    if report.findings:
        return "raises"
    return "missing" if report.not_evaluated else "clean"


def _fixed(case: Case, finding: Finding) -> tuple[dict[str, object], ...]:
    fix = finding.fix
    assert fix is not None
    return tuple(
        apply_patch(value, fix.patch)
        if (value["kind"], value["metadata"]["name"]) == (fix.resource.kind, fix.resource.name)
        else value
        for value in case.values
    )


def _fingerprints(report: Report) -> set[str]:
    return {mark for finding in report.findings for mark in finding.fingerprints}
