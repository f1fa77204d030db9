"""Path templates: literal segments, ``{parameters}``, and ``/**`` at the end."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from configsvc.schema.errors import Problem

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def parameters(template: str) -> list[str]:
    """Names of the parameters of a valid template, in order."""
    return _PARAMETER.findall(template)


def shape(template: str) -> str:
    """The template without the names of its parameters: equal shapes match the same paths."""
    return _PARAMETER.sub("{}", template)


def parameter_problems(template: str | None, pointer: str) -> Iterator[Problem]:
    """A parameter that a template has twice would have two values."""
    names = parameters(template or "")
    for name in sorted({name for name in names if names.count(name) > 1}):
        message = f"parameter {{{name}}} stands twice in {template!r}: rename one"
        yield Problem(pointer, message, seen=template)


@dataclass(frozen=True, slots=True)
class Matched:
    """What the operation or endpoint at ``pointer`` matches.

    No methods are all of them, and without a template every path is matched.
    """

    name: str
    pointer: str
    methods: tuple[str, ...]
    template: str | None

    def meets(self, other: "Matched") -> bool:
        """Whether both take requests of one method."""
        return (
            not self.methods or not other.methods or not set(self.methods).isdisjoint(other.methods)
        )


def overlap_problems(matches: Iterable[Matched]) -> Iterator[Problem]:
    """Matches that no rule of precedence can tell apart: equal shapes with a method in common."""
    seen: dict[str, list[Matched]] = {}
    for each in matches:
        alike = seen.setdefault(shape(each.template or "/**"), [])
        other = next((other for other in alike if each.meets(other)), None)
        if other is not None:
            message = (
                f"{each.name!r} matches the same requests as {other.name!r}, {_written(other)}, "
                "and neither is more specific: change one of them"
            )
            yield Problem(each.pointer, message, seen=_written(each))
        alike.append(each)


def _written(matched: Matched) -> str:
    return " ".join([*matched.methods, matched.template or "/**"])
