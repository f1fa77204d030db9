"""The example systems, as documents that tests change before they check them."""

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from configsvc.analysis import Report, analyze
from configsvc.analysis.rules import ALL
from configsvc.resolve import Catalog
from configsvc.schema import load_text, load_value, read

EXAMPLES = Path(__file__).parents[2] / "examples"
SYSTEMS = ("three-engines", "shop", "payments", "feed", "monolith", "mobile")
TODAY = date(2026, 7, 1)

Value = dict[str, Any]
Change = Callable[["Documents"], object]


class Documents(dict[str, Value]):
    """The documents of a system by kind and name, ``Timeout/default``."""

    def spec(self, key: str) -> Value:
        """The spec of one document."""
        spec: Value = self[key]["spec"]
        return spec

    def operation(self, service: str, name: str) -> Value:
        """One operation of a Service."""
        return _named(self.spec(f"Service/{service}")["operations"], name)

    def endpoint(self, bff: str, name: str) -> Value:
        """One endpoint of a Bff."""
        return _named(self.spec(f"Bff/{bff}")["endpoints"], name)

    def add(self, kind: str, name: str, **spec: object) -> None:
        """Put one more document."""
        self[f"{kind}/{name}"] = {
            "apiVersion": "configsvc/v1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": spec,
        }


def _named(values: Iterable[Value], name: str) -> Value:
    return next(value for value in values if value["name"] == name)


def documents_of(system: str) -> Documents:
    """A system's documents, to be changed at will."""
    return Documents(deepcopy(_loaded(system)))


@cache
def _loaded(system: str) -> Documents:
    found = Documents()
    for path in sorted((EXAMPLES / system).rglob("*.yaml")):
        loaded = load_text(path.read_text(), origin=path.name, syntax="yaml")
        assert not loaded.errors, [str(error) for error in loaded.errors]
        for document in loaded.documents:
            value = document.value
            found[f"{value['kind']}/{value['metadata']['name']}"] = value
    return found


def catalog_of(values: Iterable[Value]) -> Catalog:
    """The catalog of documents."""
    documents = [load_value(value, origin="example") for value in values]
    return Catalog.of([read(document) for document in documents], namespace="test")


def report_of(documents: Mapping[str, Value]) -> Report:
    """What all rules say of the documents."""
    return analyze(catalog_of(documents.values()), ALL, today=TODAY)


def findings_of(report: Report) -> str:
    """The findings of a report in one comparable text, with all that they say."""
    return json.dumps([repr(finding) for finding in report.findings], indent=1)
