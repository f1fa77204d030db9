"""Reports for people, programs and build servers."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from configsvc.analysis import Report
from configsvc.analysis.formats import (
    Spot,
    github_annotations,
    junit_report,
    report_data,
    sarif_report,
    subject_text,
    text_report,
)
from configsvc.analysis.formats.text import finding_text
from configsvc.analysis.rules import ALL
from configsvc.model.findings import EdgeId, Place, Severity, Subject
from tests.analysis.documents import report_of

TEXT = """
kind: Service
metadata: {name: shop}
spec: {operations: [{name: buy, calls: [{to: stock, operation: reserve}]}]}
---
kind: Service
metadata: {name: stock}
spec: {operations: [{name: reserve, match: {methods: [PUT], path: /reservations}}]}
---
kind: Timeout
metadata: {name: slow}
spec: {target: {to: stock}, attempt: 10s, overall: 30s}
---
kind: Retry
metadata: {name: eager}
spec: {target: {to: stock}, attempts: 4, backoff: {base: 2s, max: 60s}, budget: {ratio: 20%}}
"""
WAIVER = """
---
kind: Waiver
metadata: {name: later}
spec: {code: RT03, edge: {to: stock}, reason: Next week., owner: team, expires: "2026-07-01"}
"""


@pytest.fixture(scope="module")
def report() -> Report:
    """A report with one finding that has a fix and four places."""
    return report_of(TEXT)


@pytest.fixture(scope="module")
def waived() -> Report:
    """The same finding, accepted."""
    return report_of(TEXT + WAIVER)


def _locate(place: Place) -> Spot | None:
    if place.pointer != "/spec/attempts":
        return None
    return Spot("retry: a,b.yaml", 3, 9, "        attempts: 4  # generous\n")


def test_text_shows_arithmetic_both_ends_witness_and_fix(report: Report) -> None:
    """A person reads what is wrong, where it stands, what it does and what clears it."""
    lines = text_report(report, _locate).splitlines()
    assert lines[0].endswith("with 14s of back-off need 54s; only 3 can start within 30s")
    assert lines[1:16] == [
        "  --> retry: a,b.yaml:3:9",
        "    |",
        "  3 |         attempts: 4  # generous",
        "    |         ^^^^^^^^^^^ retry.attempts 4",
        "  --> Retry/eager /spec/backoff/base: retry.backoff 14s before the last attempt",
        "  --> Retry/eager /spec/backoff/max: retry.backoff 14s before the last attempt",
        "  --> Timeout/slow /spec/attempt: timeout.attempt 10s",
        "  --> Timeout/slow /spec/overall: timeout.overall 30s",
        "  = on shop -> stock reserve",
        "  = with one call, when the callee hangs",
        "    seen: 3 attempts in 30s",
        "    meant: 4 attempts in 54s",
        "  = fix: make 2 attempts, which fit",
        "    replace Retry/eager /spec/attempts: 2",
        "",
    ]


def test_text_lists_what_each_rule_misses_in_one_line(report: Report) -> None:
    """Rules that could not decide name some of the data that they need."""
    lines = text_report(report).splitlines()
    assert "  DL01 on 1 edge needs stock[reserve].ownTime" in lines
    assert len([line for line in lines if line.startswith("  DL01")]) == 1


def test_text_tells_few_of_many_places(report: Report) -> None:
    """A place is told once, whatever it takes part in; of more than a screenful, how many more."""
    (finding,) = report.findings
    key = finding.places[0].resource
    once = tuple(Place(key, "/spec/attempts", f"makes {n}") for n in range(50))
    many = tuple(Place(key, f"/spec/{n}", "a field") for n in range(150))
    lines = finding_text(replace(finding, places=once + many)).splitlines()
    places = [line for line in lines if line.startswith("  --> ")]

    assert places[0] == "  --> Retry/eager /spec/attempts: makes 0"
    assert places[1] == "  --> Retry/eager /spec/0: a field"
    assert places[-1] == "  --> and 88 more places"
    assert len(places) == len(range(12)) + 1


def test_text_shows_what_is_marked_of_a_long_line(report: Report) -> None:
    """A document that stands in one line is not written out."""
    text = '{"a": "' + "x" * 5_000 + '", "attempts": 4}'
    column = text.index('"attempts"') + 1
    (finding,) = report.findings
    lines = finding_text(finding, lambda _: Spot("all.json", 1, column, text)).splitlines()

    assert max(map(len, lines)) < len(text) / 10
    shown, marks = lines[3], lines[4]
    assert shown[marks.index("^") : marks.rindex("^") + 1] == '"attempts": 4'


def test_long_path_is_told_by_its_ends() -> None:
    """Of what is about two thousand hops the first and the last are named."""
    path = tuple(EdgeId(f"s{n}", f"s{n + 1}", "o") for n in range(9))

    assert subject_text(Subject(path=path[:8])) == str(Subject(path=path[:8]))
    assert subject_text(Subject(path=path)) == (
        f"{Subject(path=path[:7])} -> ... 1 more ... -> s9[o]"
    )


def test_text_ends_with_a_sum(report: Report, waived: Report) -> None:
    """The last line counts what was found and what was looked at."""
    assert text_report(report).splitlines()[-1].startswith("1 warning, ")
    assert text_report(report).endswith("; 1 edge checked\n")
    assert text_report(waived).splitlines()[-1].startswith("1 waived, ")
    assert text_report(Report()) == "no findings; 0 edges checked\n"


def test_text_names_the_waiver(waived: Report) -> None:
    """What is accepted is shown with who accepts it."""
    assert "  = by Waiver/later" in text_report(waived).splitlines()


def test_text_lists_five_edges_at_most() -> None:
    """A bad default on many edges is one block with a few of them."""
    names = [f"s{n}" for n in range(8)]
    calls = ", ".join(f"{{to: {name}}}" for name in names)
    services = [f"kind: Service\nmetadata: {{name: {name}}}\nspec: {{}}\n" for name in names]
    operations = f"operations: [{{name: o, calls: [{calls}]}}]"
    caller = f"kind: Service\nmetadata: {{name: all}}\nspec: {{{operations}}}\n"
    lines = text_report(report_of("---\n".join([caller, *services]))).splitlines()
    shown = ", ".join(f"all -> {name} *" for name in names[:5])
    assert f"  = on 8 edges: {shown} and 3 more" in lines


def test_data_is_json_with_everything_a_finding_has(report: Report) -> None:
    """The data of a report survive JSON and leave out what is absent."""
    data = json.loads(json.dumps(report_data(report, _locate)))
    finding = data["findings"][0]
    assert finding["subject"] == {"edge": {"from": "shop", "to": "stock", "operation": "reserve"}}
    assert finding["fix"]["patch"] == [{"op": "replace", "path": "/spec/attempts", "value": 2}]
    assert finding["places"][0] == {
        "resource": "Retry/eager",
        "pointer": "/spec/attempts",
        "label": "retry.attempts 4",
        "file": "retry: a,b.yaml",
        "line": 3,
        "column": 9,
    }
    assert "waivedBy" not in finding
    assert data["edges"] == 1
    assert {"code", "subject", "missing", "edges"} == set(data["notEvaluated"][0])


def test_annotations_escape_what_github_would_read(report: Report) -> None:
    """Properties and messages keep their commas, colons and percent signs."""
    line = github_annotations(report, _locate)
    assert line.startswith(
        "::warning file=retry%3A a%2Cb.yaml,line=3,col=9,title=RT03 dead-attempts::4 attempts"
    )
    assert line.count("\n") == 1


def test_annotation_without_a_file_has_none(report: Report) -> None:
    """A finding in no file is still told."""
    assert github_annotations(report).startswith("::warning title=RT03 dead-attempts::")


def test_junit_fails_at_the_threshold(report: Report, waived: Report) -> None:
    """What is as bad as the threshold fails, what is milder passes, what is accepted is skipped."""
    for text, fail_on, failures in (
        (junit_report(report, fail_on=Severity.WARNING), Severity.WARNING, 1),
        (junit_report(report, fail_on=Severity.ERROR), Severity.ERROR, 0),
        (junit_report(waived), Severity.ERROR, 0),
    ):
        suite = ET.fromstring(text)  # noqa: S314 - our own text
        assert int(suite.attrib["failures"]) == failures == len(suite.findall(".//failure")), (
            fail_on
        )
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["skipped"]) == len(suite.findall(".//skipped"))


def test_junit_of_nothing_passes() -> None:
    """A clean check is one test that passes."""
    suite = ET.fromstring(junit_report(Report()))  # noqa: S314 - our own text
    assert (suite.attrib["tests"], len(suite.findall("testcase"))) == ("1", 1)


def test_sarif_has_rules_results_and_related_locations(report: Report) -> None:
    """A result points at one end, names the other, and has an identity of its own."""
    log = json.loads(json.dumps(sarif_report(report, ALL, version="0.1", locate=_locate)))
    run = log["runs"][0]
    result = run["results"][0]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "RT03"
    assert result["level"] == "warning"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "retry%3A%20a,b.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 9, "endColumn": 20}
    assert [related["id"] for related in result["relatedLocations"]] == [1, 2, 3, 4]
    assert result["partialFingerprints"] == {"configsvc/v1": "RT03 test shop -> stock reserve"}
    assert "suppressions" not in result


def test_sarif_suppresses_what_is_accepted(waived: Report) -> None:
    """A waived finding is there, suppressed."""
    log = sarif_report(waived, ALL, version="0.1")
    assert log["runs"][0]["results"][0]["suppressions"] == [
        {"kind": "external", "justification": "Waiver/later"}
    ]
