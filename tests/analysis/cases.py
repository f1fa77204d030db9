"""The rules' cases: one YAML file per rule, each case a change of the file's documents.

A file has ``documents`` (YAML text that may lack apiVersion and names; without them, `edge.yaml`)
and ``cases`` by name. A case may ``set`` fields, written ``Kind.path`` or ``name.path`` within a
document's spec (null removes one), and ``add`` documents. It ``raises`` a text that is part of the
message, or is ``clean``, or has ``missing`` data. A ``repaired`` case is clean under all rules.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from configsvc.analysis.rule import Rule
from configsvc.analysis.rules import ALL
from configsvc.analysis.system import System
from tests.analysis.documents import system_of, values_of

FOLDER = Path(__file__).parent / "cases"
EDGE = Path(__file__).parent / "edge.yaml"
"""One edge with a time-out and a retry that are clean under every rule."""
RULES = {rule.code: rule for rule in ALL}


@dataclass(frozen=True)
class Case:
    """One case of one rule."""

    rule: type[Rule]
    name: str
    values: tuple[dict[str, Any], ...]
    expected: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.rule.code} {self.name}"

    @property
    def raises(self) -> bool:
        """Whether the rule is expected to speak."""
        return "raises" in self.expected

    def system(self, values: tuple[dict[str, Any], ...] | None = None) -> System:
        """What rules see of the case's documents, or of others in their stead."""
        return system_of(values or self.values)


def cases_of(rule: type[Rule]) -> Iterator[Case]:
    """The cases in the rule's file."""
    content = yaml.safe_load((FOLDER / f"{rule.code}.yaml").read_text())
    documents = _documents(content.get("documents") or EDGE.read_text())
    for name, case in content["cases"].items():
        own = _documents(case.get("documents", "")) or documents
        values = deepcopy(own)
        for field, value in (case.get("set") or {}).items():
            _set(values, field, value)
        yield Case(rule, name, (*values, *_documents(case.get("add", ""))), case)


def documents_of_case(rule: type[Rule], name: str | None) -> tuple[dict[str, Any], ...]:
    """The documents of one case of a rule; None: those that its cases change."""
    if name is None:
        content = yaml.safe_load((FOLDER / f"{rule.code}.yaml").read_text())
        return tuple(_documents(content.get("documents") or EDGE.read_text()))
    (case,) = (case for case in cases_of(rule) if case.name == name)
    return case.values


def all_cases() -> list[Case]:
    """Every case of every rule that has a file."""
    return [
        case for rule in ALL if (FOLDER / f"{rule.code}.yaml").exists() for case in cases_of(rule)
    ]


def _documents(text: str) -> list[dict[str, Any]]:
    return values_of(text) if text else []


def _set(values: list[dict[str, Any]], field: str, value: object) -> None:
    owner, *path = field.split(".")
    chosen = [v for v in values if owner in (v["kind"], v["metadata"]["name"])]
    assert len(chosen) == 1, f"{owner} names {len(chosen)} documents"
    *parents, last = ("spec", *path)
    container: Any = chosen[0]
    for part in parents:
        container = (
            container[int(part)] if isinstance(container, list) else container.setdefault(part, {})
        )
    key = int(last) if isinstance(container, list) else last
    if value is None:
        del container[key]
    else:
        container[key] = value
