"""Quantities in documents: bounds that JSON Schema cannot compare, and the way to integers.

``x-configsvc-minimum`` and ``x-configsvc-maximum`` stand beside a quantity in the schemas. They are
compiled once per kind into a tree of what has to be looked at; a document is then checked by
walking its own keys.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache

from configsvc.errors import InputError
from configsvc.model.names import Kind
from configsvc.model.quantities import (
    parse_duration,
    parse_share,
    parse_size,
)
from configsvc.schema.errors import Problem, child, shown
from configsvc.schema.files import Schema, json_schema, resolved
from configsvc.schema.values import Json

duration = lru_cache(maxsize=8192)(parse_duration)
"""Text to microseconds; few texts make up most of any configuration."""

share = lru_cache(maxsize=8192)(parse_share)
"""Text to parts per million."""

size = lru_cache(maxsize=1024)(parse_size)
"""Text to bytes."""

PARSERS: Mapping[str, Callable[[str], int]] = {"duration": duration, "share": share, "size": size}

_BOUNDS = ("x-configsvc-minimum", "x-configsvc-maximum")
_LONGEST = 64

Check = Callable[[str], str | None]
"""Says what is wrong with a text, or None."""


def problems(kind: Kind, value: Json) -> list[Problem]:
    """Everything in ``value`` that is out of bounds; text that is no quantity is passed over."""
    rule = _rules(kind)
    return [] if rule is None or _holds(rule, value) else list(_broken(rule, value, ""))


@dataclass(slots=True)
class _Rule:
    """What has to be looked at in a value: its text, its members, its items."""

    check: Check | None = None
    allowed: tuple[str, ...] = ()
    members: dict[str, "_Rule"] = field(default_factory=dict)
    items: "_Rule | None" = None

    def complaint(self, text: str) -> str | None:
        """What is wrong with ``text``; one that is too long is refused by its pattern."""
        return self.check(text) if self.check is not None and len(text) <= _LONGEST else None

    def merge(self, other: "_Rule | None") -> None:
        if other is None:
            return
        if self.check is None:
            self.check, self.allowed = other.check, other.allowed
        self.items = self.items or other.items
        self.members.update(other.members)

    @property
    def is_needed(self) -> bool:
        return bool(self.check or self.members or self.items)


@cache
def _rules(kind: Kind) -> _Rule | None:
    schema = json_schema(kind)
    return _compile(schema, schema)


def _compile(schema: Schema, root: Schema) -> _Rule | None:
    schema = resolved(schema, root)
    allowed = [schema[bound] for bound in _BOUNDS if bound in schema]
    rule = _Rule(check=_check_for(schema), allowed=tuple(allowed))
    for name, part in schema.get("properties", {}).items():
        member = _compile(part, root)
        if member is not None:
            rule.members[name] = member
    if isinstance(schema.get("items"), dict):
        rule.items = _compile(schema["items"], root)
    for branch in ("then", "else"):
        rule.merge(_compile(schema[branch], root) if branch in schema else None)
    return rule if rule.is_needed else None


def _check_for(schema: Schema) -> Check | None:
    name = schema.get("x-configsvc-type", "")
    if name in PARSERS:
        lowest, highest = (schema[bound] for bound in _BOUNDS)
        return _bounded(name, lowest, highest)
    return _CHECKS.get(name)


def _bounded(name: str, lowest: str, highest: str) -> Check:
    parse = PARSERS[name]
    low, high = parse(lowest), parse(highest)

    @lru_cache(maxsize=1024)
    def check(text: str) -> str | None:
        try:
            amount = low if text == "none" else parse(text)
        except InputError:
            return None  # its pattern says so already
        if low <= amount <= high:
            return None
        side = "less" if amount < low else "more"
        return f"{shown(text)} is {side} than allowed: use {lowest} to {highest}"

    return check


def _check_network(text: str) -> str | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f"{shown(text)} is not a network: write CIDR notation, such as '10.0.0.0/8'"
    if ipaddress.ip_address(text.partition("/")[0]) == network.network_address:
        return None
    return f"{shown(text)} has host bits: write '{network}'"


def _check_ip(text: str) -> str | None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return f"{shown(text)} is not an IP address: write one, such as '127.0.0.1' or '::'"
    return None


def _check_date(text: str) -> str | None:
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"{shown(text)} is not in the calendar: write a date such as '2030-01-31'"
    return None


def _check_timestamp(text: str) -> str | None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return f"{shown(text)} is not a point in time: write it as in '2030-01-31T12:00:00Z'"
    return None


_CHECKS: Mapping[str, Check] = {
    "network": _check_network,
    "ip": _check_ip,
    "date": _check_date,
    "timestamp": _check_timestamp,
}


def _holds(rule: _Rule, value: Json) -> bool:
    """Whether everything is within bounds; builds no pointers, because almost every document is."""
    if isinstance(value, dict):
        members = rule.members
        for key, part in value.items():
            member = members.get(key)
            if member is not None and not _holds(member, part):
                return False
    elif isinstance(value, str):
        return rule.complaint(value) is None
    elif isinstance(value, list) and rule.items is not None:
        return all(_holds(rule.items, part) for part in value)
    return True


def _broken(rule: _Rule, value: Json, pointer: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key in rule.members:
                yield from _broken(rule.members[key], part, child(pointer, key))
    elif isinstance(value, list) and rule.items is not None:
        for index, part in enumerate(value):
            yield from _broken(rule.items, part, child(pointer, index))
    elif isinstance(value, str) and (message := rule.complaint(value)) is not None:
        yield Problem(pointer, message, seen=value, allowed=rule.allowed)
