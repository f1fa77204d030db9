"""Every boundary has a case on either side: a comparison that is moved by one unit is noticed.

In the check of each rule every ``<`` is taken for ``<=`` and the reverse, one at a time; some case
of the rule must then come out differently.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from copy import deepcopy
from types import ModuleType

import pytest

from configsvc.analysis import run_rules
from configsvc.analysis.rule import Rule
from configsvc.analysis.rules import ALL
from configsvc.analysis.system import System
from tests.analysis.cases import cases_of
from tests.analysis.documents import TODAY

MOVED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}

EQUIVALENT = {
    "BF03 lost <= _TOLERABLE": "powers of shares are never exactly one in a hundred",
    "BH01 tail < 1000000.0": "guards a suggestion against what no bulkhead holds",
    "RT10 cut > _DISASTROUS": "a percentile beyond the limit means more than its share",
}
"""Comparisons that make no difference on their boundary, by code and text, and why."""


def moved(rule: type[Rule]) -> Iterator[tuple[str, type[Rule]]]:
    """The rule with each comparison of its check moved, and the comparison."""
    tree = ast.parse(inspect.getsource(sys.modules[rule.__module__]))
    for number, node in enumerate(ast.walk(tree)):
        if not isinstance(node, ast.Compare) or node not in _checked(tree):
            continue
        for place, operator in enumerate(node.ops):
            if type(operator) in MOVED:
                copy = deepcopy(tree)
                twin = list(ast.walk(copy))[number]
                assert isinstance(twin, ast.Compare)
                twin.ops[place] = MOVED[type(operator)]()
                yield f"{rule.code} {ast.unparse(node)}", _run(copy, rule)


def _checked(tree: ast.Module) -> set[ast.AST]:
    """Everything in the methods named ``check``."""
    checks = (f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name == "check")
    return {node for check in checks for node in ast.walk(check)}


def _run(tree: ast.Module, rule: type[Rule]) -> type[Rule]:
    module = ModuleType(rule.__module__)
    exec(compile(ast.fix_missing_locations(tree), "moved", "exec"), module.__dict__)  # noqa: S102
    found: type[Rule] = getattr(module, rule.__name__)
    return found


def outcomes(rule: type[Rule], systems: list[System]) -> list[object]:
    """What the rule says of each of its cases."""
    return [_said(rule, system) for system in systems]


def _said(rule: type[Rule], system: System) -> object:
    report = run_rules(system, [rule], today=TODAY)
    spoken = [(f.severity, f.message, f.fix, f.places, f.witness) for f in report.findings]
    return spoken, [(gap.subject, gap.missing) for gap in report.not_evaluated]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_moved_comparison_is_noticed(rule: type[Rule]) -> None:
    """No comparison of a check can be off by one unit without a case that tells."""
    systems = [case.system() for case in cases_of(rule)]
    said = outcomes(rule, systems)
    unnoticed = [text for text, twin in moved(rule) if outcomes(twin, systems) == said]
    assert [text for text in unnoticed if text not in EQUIVALENT] == []
