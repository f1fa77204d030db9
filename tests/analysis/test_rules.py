"""What all rules have in common: they are listed, their codes are unique, their inputs true."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from configsvc.analysis import rules
from configsvc.analysis.bounds import Bounds
from configsvc.analysis.composite import Document, Node, Work
from configsvc.analysis.composite import Path as PathReader
from configsvc.analysis.paths import Amplification
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import (
    EdgeRule,
    NodeRule,
    PairRule,
    PathRule,
    PolicyRule,
    Rule,
    SystemRule,
    WaiverRule,
    WorkRule,
)
from configsvc.analysis.rules import ALL, RETIRED
from configsvc.analysis.scenario import Scenario, explore
from configsvc.analysis.system import System
from configsvc.analysis.waivers import Waivers
from tests.analysis.cases import cases_of
from tests.analysis.documents import TODAY

RULES = pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)


class Recorder:
    """Stands before a view and remembers which of its parts are read."""

    def __init__(self, view: object, read: set[str]) -> None:
        self._view = view
        self._read = read

    def __getattr__(self, name: str) -> object:
        self._read.add(name)
        return getattr(self._view, name)


def _subjects(rule: Rule, system: System) -> list[Callable[[Scenario], object]]:
    """The constructors of all that the rule is asked about."""
    bounds = Bounds(system)
    match rule:
        case EdgeRule():
            return [lambda s, e=e: Edge(e, bounds, s) for e in system.edges]
        case WorkRule():
            return [lambda s, w=w: Work(w, bounds, s) for w in system.works.values() if w.calls]
        case NodeRule():
            return [lambda s, n=n: Node(n, bounds, s) for n in system.nodes.values()]
        case PathRule():
            paths = list(Amplification(system, bounds).worst_paths)
            return [lambda s, p=p: PathReader(p, s) for p in paths]
        case PairRule():
            paths = list(Amplification(system, bounds).retrying_pairs)
            return [lambda s, p=p: PathReader(p, s) for p in paths]
        case PolicyRule():
            return [lambda _, p=p: Document(p, system) for p in system.policies]
        case WaiverRule():
            return [lambda _, u=u: u for u in Waivers(system.waivers, TODAY).uses(())]
    return [lambda _: system]


def _run(rule: Rule, subject: Callable[[Scenario], object], read: set[str]) -> None:
    def check(scenario: Scenario) -> None:
        found = rule.check(Recorder(subject(scenario), read))  # type: ignore[attr-defined]
        if isinstance(rule, SystemRule):
            list(found)

    explore(check)


@RULES
def test_inputs_are_what_the_rule_reads(rule: type[Rule]) -> None:
    """A rule declares exactly the parts of the view that it reads over its cases.

    Either the metadata is wrong, or the cases do not cover what the rule can read.
    """
    read: set[str] = set()
    for case in cases_of(rule):
        for subject in _subjects(rule(), case.system()):
            _run(rule(), subject, read)
    assert read == set(rule.inputs)


def test_listed_rules_are_the_modules_on_disk() -> None:
    """The tuple of rules and the folder say the same, in the same order."""
    folder = Path(rules.__file__).parent
    on_disk = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    listed = [rule.__module__.rpartition(".")[2] for rule in ALL]
    assert listed == on_disk


@RULES
def test_module_carries_code_and_name(rule: type[Rule]) -> None:
    """A rule is found by its code and by its name: rt03_dead_attempts holds RT03, dead-attempts."""
    module = rule.__module__.rpartition(".")[2]
    assert module == f"{rule.code.lower()}_{rule.name.replace('-', '_')}"
    assert rule.__name__ == "".join(word.capitalize() for word in rule.name.split("-"))


def test_codes_and_names_are_unique() -> None:
    """No two rules share a code or a name."""
    assert len({rule.code for rule in ALL}) == len(ALL)
    assert len({rule.name for rule in ALL}) == len(ALL)


def test_retired_codes_are_not_used_again() -> None:
    """A code that was given up stays so, and names the rule that covers it."""
    known = {rule.code for rule in ALL}
    assert not RETIRED.keys() & known
    assert set(RETIRED.values()) <= known


def test_what_a_rule_explains_exists() -> None:
    """Codes that are folded are codes of rules."""
    known = {rule.code for rule in ALL}
    assert {code for rule in ALL for code in rule.explains} <= known


@RULES
def test_message_shows_its_numbers(rule: type[Rule]) -> None:
    """A message has places for what it compares."""
    assert re.search(r"\{\w+\}", rule.message) or rule.absence
