"""Each rule's page: both of its examples run."""

import pytest

from configsvc.analysis.pages import examples, index, page
from configsvc.analysis.rule import SECTIONS, Rule
from configsvc.analysis.rules import ALL
from tests.analysis.documents import codes, report_of

RULES = pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)


@RULES
def test_example_raises_exactly_its_rule(rule: type[Rule]) -> None:
    """The first block of a page raises the rule that the page is about, and nothing else."""
    assert codes(report_of(examples(rule)[0])) == [rule.code]


@RULES
def test_repaired_example_raises_nothing(rule: type[Rule]) -> None:
    """The second block of a page raises nothing at all."""
    findings = report_of(examples(rule)[1]).findings
    assert [(f.code, f.message) for f in findings] == []


@RULES
def test_page_shows_every_section_and_documents_that_can_be_copied(rule: type[Rule]) -> None:
    """A page has all sections in order, and its examples are complete documents."""
    text = page(rule)
    positions = [text.index(f"## {section}") for section in SECTIONS]
    assert positions == sorted(positions)
    assert text.count("apiVersion: configsvc/v1") == text.count("\nkind: ")


def test_index_lists_every_rule_by_code() -> None:
    """The index has one row for each rule, in order of code."""
    rows = index(ALL).splitlines()[2:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == sorted(rule.code for rule in ALL)
