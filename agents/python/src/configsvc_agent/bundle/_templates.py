"""Paths read and written by a template, for requests that are made again as another operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from configsvc_agent.bundle._matching import REST, decoded, is_parameter

Parameters: TypeAlias = Mapping[str, tuple[str, ...]]
"""By ``{name}`` its one segment of a path, by ``**`` the rest; percent-encoded as they came."""


def read_path(template: str, path: str) -> Parameters | None:
    """What stands in ``path``, which has no query, for the parameters of ``template``.

    None: it is no path of that template.
    """
    wanted, given = _segments(template), _segments(path)
    found: dict[str, tuple[str, ...]] = {}
    for index, segment in enumerate(wanted):
        if segment == REST:
            return found | {REST: tuple(given[index:])}
        if index >= len(given):
            return None
        if is_parameter(segment) and given[index]:
            found[segment] = (given[index],)
        elif decoded(segment) != decoded(given[index]):
            return None
    return found if len(given) == len(wanted) else None


def missing_parameters(template: str, found: Parameters) -> tuple[str, ...]:
    """The parameters of ``template`` that nothing was found for."""
    return tuple(each for each in _segments(template) if _varies(each) and each not in found)


def write_path(template: str, found: Parameters) -> str:
    """The path of ``template`` with what was found, where nothing is :func:`missing_parameters`."""
    from urllib.parse import quote  # noqa: PLC0415  it imports much, and few paths need it

    segments: list[str] = []
    for each in _segments(template):
        segments += found[each] if _varies(each) else (quote(each, safe="%!$&'()*+,;=:@~"),)
    return "/" + "/".join(segments)


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").split("/")


def _varies(segment: str) -> bool:
    return segment == REST or is_parameter(segment)
