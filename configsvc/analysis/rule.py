"""What a rule is: metadata, checked when the class is defined, and a check over a view."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from configsvc.analysis.composite import Document, Node, Path, Work
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.system import System
from configsvc.analysis.view import WaiverUse
from configsvc.model.findings import Severity

SECTIONS = ("What it does", "Why is this bad?", "Example", "Use instead", "References")
"""The sections of every rule's page, in order."""

_CODE = re.compile(r"(?:RT|RB|AM|DL|BH|RL|HG|OD|DS|GW|BF|CG|SC)\d\d")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_HEADING = re.compile(r"^ *## (.+?) *$", re.MULTILINE)
_INSTRUCTIONS = ("no-", "dont-", "avoid-", "use-", "prefer-", "missing-")


class MalformedRuleError(TypeError):
    """A rule's class lacks something that every rule has; raised when the class is defined."""

    def __init__(self, rule: str, problem: str) -> None:
        super().__init__(f"rule {rule}: {problem}")


class Rule:
    """Base of all rules.

    ``code`` is permanent and never reused; ``name`` reads as "allow NAME" and names the bad
    pattern. ``inputs`` are the parts of the view that the check reads. ``explains`` are the codes
    that are consequences of this one on the same edge. ``absence``: the rule may fire although no
    document wrote any of its fields. ``complete``: the check is not monotone in its data and runs
    only with all of them. ``breadth`` orders the shapes of rules, from one edge to the whole.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    inputs: ClassVar[frozenset[str]]
    since: ClassVar[str]
    message: ClassVar[str]
    explains: ClassVar[frozenset[str]] = frozenset()
    absence: ClassVar[bool] = False
    waivable: ClassVar[bool] = True
    complete: ClassVar[bool] = False
    imported_only: ClassVar[bool] = False
    breadth: ClassVar[int]

    def __init_subclass__(cls, *, shape: bool = False, **options: Any) -> None:  # noqa: ANN401
        """Refuse a rule without metadata or page; ``shape`` marks a base for a kind of view."""
        super().__init_subclass__(**options)
        if not shape:
            _require_metadata(cls)
            _require_page(cls)


class EdgeRule(Rule, shape=True):
    """A rule about one edge."""

    breadth = 0

    def check(self, edge: Edge) -> Conflict | None:
        """Return the conflict on ``edge``, if there is one.

        The result depends on what is read from ``edge`` alone: it is reused for equal edges.
        """
        raise NotImplementedError


class WorkRule(Rule, shape=True):
    """A rule about one operation of one node and the calls that it makes."""

    breadth = 1

    def check(self, work: Work) -> Conflict | None:
        """Return the conflict of the operation, if there is one."""
        raise NotImplementedError


class NodeRule(Rule, shape=True):
    """A rule about one service, gateway or BFF."""

    breadth = 2

    def check(self, node: Node) -> Conflict | None:
        """Return the conflict of the node, if there is one."""
        raise NotImplementedError


class PathRule(Rule, shape=True):
    """A rule about a path of edges on which copies of a request multiply."""

    breadth = 3

    def check(self, path: Path) -> Conflict | None:
        """Return the conflict of the path, if there is one."""
        raise NotImplementedError


class PairRule(Rule, shape=True):
    """A rule about two edges of one path that both make copies, and those between them."""

    breadth = 4

    def check(self, path: Path) -> Conflict | None:
        """Return the conflict of the first and the last edge of ``path``, if there is one."""
        raise NotImplementedError


class PolicyRule(Rule, shape=True):
    """A rule about one policy document that has a target."""

    breadth = 5

    def check(self, document: Document) -> Conflict | None:
        """Return the conflict of the document, if there is one."""
        raise NotImplementedError


class SystemRule(Rule, shape=True):
    """A rule about the documents and the graph as a whole."""

    breadth = 6

    def check(self, system: System) -> Iterable[Conflict]:
        """Yield each conflict with its subject."""
        raise NotImplementedError


class WaiverRule(Rule, shape=True):
    """A rule about what became of a waiver."""

    breadth = 7

    def check(self, use: WaiverUse) -> Conflict | None:
        """Return the conflict of the waiver, if there is one."""
        raise NotImplementedError


def _require_metadata(cls: type[Rule]) -> None:
    for attribute in ("code", "name", "severity", "inputs", "since", "message"):
        if not hasattr(cls, attribute):
            raise MalformedRuleError(cls.__name__, f"has no `{attribute}`")
    if not _CODE.fullmatch(cls.code):
        raise MalformedRuleError(
            cls.__name__, f"code {cls.code!r} is not a known prefix and two digits, such as 'RT03'"
        )
    if not _NAME.fullmatch(cls.name) or cls.name.startswith(_INSTRUCTIONS):
        raise MalformedRuleError(
            cls.__name__,
            f"name {cls.name!r} does not name a pattern in two or more lower-case words with "
            "hyphens, such as 'dead-attempts', so that \"allow NAME\" reads well",
        )


def _require_page(cls: type[Rule]) -> None:
    sections = tuple(_HEADING.findall(cls.__doc__ or ""))
    if sections != SECTIONS:
        raise MalformedRuleError(
            cls.__name__, f"its docstring has the sections {sections}, not {SECTIONS} in this order"
        )
