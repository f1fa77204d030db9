"""Loads documents that tests write short."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from configsvc.analysis import Report, Rule, native_system, run_rules
from configsvc.analysis.imported import KIND, runtimes_of
from configsvc.analysis.pages import complete
from configsvc.analysis.rules import ALL
from configsvc.analysis.system import System
from configsvc.resolve import Catalog
from configsvc.schema import load_text, load_value, read

TODAY = date(2026, 7, 1)

Value = dict[str, Any]


def values_of(text: str) -> list[Value]:
    """The YAML documents of a text, which may lack apiVersion and names."""
    loaded = load_text(complete(text), origin="test.yaml", syntax="yaml")
    assert not loaded.errors, [str(error) for error in loaded.errors]
    return [document.value for document in loaded.documents]


def catalog_of(text: str) -> Catalog:
    """The catalog of the resources in a text."""
    return _catalog(value for value in values_of(text) if value["kind"] != KIND)


def system_of(values: Iterable[Value]) -> System:
    """What rules see of documents, among which may be descriptions of foreign runtimes."""
    every = list(values)
    runtimes = runtimes_of(value for value in every if value["kind"] == KIND)
    return native_system(_catalog(v for v in every if v["kind"] != KIND), runtimes)


def report_of(text: str, rules: Sequence[type[Rule]] = ALL, *, today: date = TODAY) -> Report:
    """What the rules say of YAML documents."""
    return run_rules(system_of(values_of(text)), rules, today=today)


def _catalog(values: Iterable[Value]) -> Catalog:
    documents = (load_value(value, origin="test") for value in values)
    return Catalog.of([read(document) for document in documents], namespace="test")


def codes(report: Report) -> list[str]:
    """The codes of the open findings."""
    return [finding.code for finding in report.findings]
