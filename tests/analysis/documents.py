"""Loads documents that tests write short."""

from datetime import date

from configsvc.analysis import Report, Rule, analyze
from configsvc.analysis.pages import complete
from configsvc.analysis.rules import ALL
from configsvc.resolve import Catalog
from configsvc.schema import load_text, read

TODAY = date(2026, 7, 1)


def catalog_of(text: str) -> Catalog:
    """The catalog of YAML documents that may lack apiVersion and names."""
    loaded = load_text(complete(text), origin="test.yaml", syntax="yaml")
    assert not loaded.errors, [str(error) for error in loaded.errors]
    return Catalog.of([read(document) for document in loaded.documents], namespace="test")


def report_of(text: str, rules: tuple[type[Rule], ...] = ALL, *, today: date = TODAY) -> Report:
    """What the rules say of YAML documents."""
    return analyze(catalog_of(text), rules, today=today)


def codes(report: Report) -> list[str]:
    """The codes of the open findings."""
    return [finding.code for finding in report.findings]
