"""Which operation of a callee a request is.

Literal segments beat parameters, parameters beat a trailing ``/**``, segment by segment from the
left; among equal paths the method decides, and an operation without methods takes what is left.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

REST = "**"
"""The last segment of a template that takes any rest."""


class _Branch(Generic[T]):
    __slots__ = ("ends", "literals", "parameter", "rests")

    def __init__(self) -> None:
        self.literals: dict[str, _Branch[T]] = {}
        self.parameter: _Branch[T] | None = None
        self.ends: dict[str | None, T] = {}
        """By method what ends at this segment; None stands for every method."""
        self.rests: dict[str | None, T] = {}
        """By method what a ``/**`` at this segment catches."""


class PathTree(Generic[T]):
    """Path templates of one callee. Filled once, then only read: safe to share between threads."""

    def __init__(self) -> None:
        self._root: _Branch[T] = _Branch()

    def add(self, methods: tuple[str, ...], template: str, item: T) -> None:
        """Let ``item`` answer for ``template``; where two match alike, the first one stays.

        ``{name}`` stands for one segment that is not empty, a
        last ``**`` for any rest, none included. No ``methods`` means every method.
        """
        branch, ends = self._descend(template)
        leaves = branch.rests if ends == REST else branch.ends
        verbs: list[str | None] = [name.upper() for name in methods]
        for method in verbs or [None]:
            leaves.setdefault(method, item)

    def _descend(self, template: str) -> tuple[_Branch[T], str]:
        branch = self._root
        segment = ""
        for segment in template.removeprefix("/").split("/"):
            if segment == REST:
                break
            branch = self._child(branch, segment)
        return branch, segment

    @staticmethod
    def _child(branch: _Branch[T], segment: str) -> _Branch[T]:
        if not is_parameter(segment):
            return branch.literals.setdefault(decoded(segment), _Branch())
        if branch.parameter is None:
            branch.parameter = _Branch()
        return branch.parameter

    def find(self, method: str, path: str) -> T | None:
        """The item for a request; ``path`` may carry a query string."""
        path = path.partition("?")[0]
        segments = path.split("/")[1:]
        if "%" in path:
            segments = [decoded(segment) for segment in segments]
        return _find(self._root, method.upper(), segments, 0)


def is_parameter(segment: str) -> bool:
    """Whether a segment of a template stands for any segment that is not empty."""
    return segment.startswith("{") and segment.endswith("}")


def decoded(segment: str) -> str:
    """A segment as it is compared."""
    if "%" not in segment:
        return segment
    from urllib.parse import unquote  # noqa: PLC0415  it imports much, and few paths need it

    return unquote(segment)


def _find(branch: _Branch[T], method: str, segments: list[str], index: int) -> T | None:
    found: T | None = None
    if index == len(segments):
        found = _for_method(branch.ends, method)
    else:
        segment = segments[index]
        literal = branch.literals.get(segment)
        if literal is not None:
            found = _find(literal, method, segments, index + 1)
        if found is None and branch.parameter is not None and segment:
            found = _find(branch.parameter, method, segments, index + 1)
    return found if found is not None else _for_method(branch.rests, method)


def _for_method(leaves: dict[str | None, T], method: str) -> T | None:
    found = leaves.get(method)
    return leaves.get(None) if found is None else found
