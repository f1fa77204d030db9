"""Policy documents: the leaves that are written in them, and what between these cannot hold."""

from collections.abc import Iterator, Mapping

from configsvc.model.names import Kind
from configsvc.model.policies import Leaf, Lifted, Policy, Target
from configsvc.schema.errors import Problem
from configsvc.schema.leaves import LeafReader, LeafTable, leaf_table
from configsvc.schema.values import Json

_EVERYTHING = Target()
_ENABLED = "enabled"
_OPERATION = "operation"
_ALTERNATIVES = ("static", "lastGood.maxAge", "operation")
"""Leaves of a Fallback of which an edge gets one."""

_SHARED_MACHINES = {
    Kind.CIRCUIT_BREAKER: ("scope", "", "breaker"),
    Kind.BULKHEAD: ("scope", "", "bulkhead"),
    Kind.RATE_LIMIT: ("scope", "", "bucket"),
    Kind.RETRY: ("budget.scope", "budget.", "budget"),
    Kind.HEDGE: ("budget.scope", "budget.", "budget"),
}
"""Kinds with state that all operations of a pair share unless told otherwise.

Each has the leaf that tells, the prefix of the leaves that describe the state, and its name.
"""


def read_policy(kind: Kind, value: Mapping[str, Json]) -> Policy:
    """The policy that a valid document of ``kind`` describes."""
    spec = value["spec"]
    fields: dict[str, Leaf] = {}
    _collect(leaf_table(kind), spec, fields)
    if kind is Kind.FALLBACK:
        _lift_alternatives(fields)
    return Policy(kind, _target(spec.get("target")), fields, spec.get("side"))


def policy_problems(policy: Policy) -> Iterator[Problem]:
    """What a document of the right shape still cannot say."""
    target = policy.target
    if target is None:
        return
    if policy.side == "callee" and target.caller is not None:
        message = (
            "a limit at the callee counts the calls of every caller, so its target has no 'from': "
            "remove it, and write 'key: caller' to count each caller for itself"
        )
        yield Problem("/spec/target/from", message, seen=target.caller)
    if target.operation is not None and policy.kind in _SHARED_MACHINES:
        yield from _shared_state(policy)


def _collect(table: LeafTable, value: Mapping[str, Json], fields: dict[str, Leaf]) -> None:
    for key, part in value.items():
        rule = table.get(key)
        if type(rule) is LeafReader:
            fields[rule.path] = rule.convert(part)
        elif rule is not None:
            _collect(rule, part, fields)  # type: ignore[arg-type]


def _lift_alternatives(fields: dict[str, Leaf]) -> None:
    """Naming one alternative lifts the others: the merge needs to know nothing of alternatives."""
    if any(path in fields for path in _ALTERNATIVES):
        for path in _ALTERNATIVES:
            fields.setdefault(path, Lifted.NONE)


def _target(value: Mapping[str, str] | None) -> Target | None:
    if not value:
        return None if value is None else _EVERYTHING
    return Target(value.get("from"), value.get("to"), value.get("operation"))


def _shared_state(policy: Policy) -> Iterator[Problem]:
    """State that a pair shares cannot be described for one of its operations alone."""
    scope, prefix, machine = _SHARED_MACHINES[policy.kind]
    described = [
        path for path in policy.fields if path.startswith(prefix) and path not in (_ENABLED, scope)
    ]
    written = policy.fields.get(scope)
    if written == _OPERATION or (written is None and not described):
        return
    first = scope if written is not None else described[0]
    message = (
        f"all operations of a caller and callee share one {machine}, so one operation cannot set "
        f"its '{first}': add '{scope}: operation' for a {machine} of its own, or remove "
        "'operation' from the target"
    )
    yield Problem(
        f"/spec/{first.replace('.', '/')}", message, seen=first, hint=f"{scope}: operation"
    )
