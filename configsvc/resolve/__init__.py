"""From documents to decisions: what policy each edge gets, why, and who calls whom."""

from configsvc.resolve.affected import affected
from configsvc.resolve.catalog import Catalog
from configsvc.resolve.contents import DuplicateResourceError
from configsvc.resolve.dangling import dangling
from configsvc.resolve.effective import EffectivePolicy
from configsvc.resolve.explain import (
    ExplainedField,
    ExplainedKind,
    Explanation,
    explain,
    explain_merged,
)
from configsvc.resolve.graph import CallGraph
from configsvc.resolve.inbound import Inbound, NamedLimit, inbound
from configsvc.resolve.merge import Assignment, Merged
from configsvc.resolve.nodes import Node
from configsvc.resolve.outgoing import CallSite, NodeId, Outgoing
from configsvc.resolve.references import Dangling, Fault

__all__ = [
    "Assignment",
    "CallGraph",
    "CallSite",
    "Catalog",
    "Dangling",
    "DuplicateResourceError",
    "EffectivePolicy",
    "ExplainedField",
    "ExplainedKind",
    "Explanation",
    "Fault",
    "Inbound",
    "Merged",
    "NamedLimit",
    "Node",
    "NodeId",
    "Outgoing",
    "affected",
    "dangling",
    "effective",
    "explain",
    "explain_merged",
    "graph",
    "inbound",
]


def effective(catalog: Catalog, caller: str, callee: str | None, operation: str) -> EffectivePolicy:
    """What the caller's side of an edge gets; ``callee`` None is a call to an undeclared callee."""
    return catalog.outbound(caller, callee, operation)


def graph(catalog: Catalog) -> CallGraph:
    """The call graph of the namespace."""
    return catalog.graph
