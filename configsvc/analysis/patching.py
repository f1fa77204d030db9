"""Applies the patches of fixes: the operations of RFC 6902 that fixes use."""

from collections.abc import Iterable, Mapping
from typing import Any


class PatchError(ValueError):
    """A patch does not fit the document that it is applied to."""

    def __init__(self, operation: Mapping[str, Any], problem: str) -> None:
        super().__init__(f"cannot {operation.get('op')} {operation.get('path')!r}: {problem}")


def apply_patch(document: Any, patch: Iterable[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of ``document`` after every operation (add, replace, remove) of ``patch``.

    Raises:
        PatchError: an operation is unknown, or its path leads nowhere.
    """
    result = _copied(document)
    for operation in patch:
        _apply(result, operation)
    return result


def _copied(value: Any) -> Any:  # noqa: ANN401 - JSON
    """A copy in which no two places share a part, as they do where a text had aliases."""
    if isinstance(value, Mapping):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value


def _apply(document: Any, operation: Mapping[str, Any]) -> None:  # noqa: ANN401 - JSON
    *parents, last = _segments(operation)
    container = document
    for segment in parents:
        container = _child(container, segment, operation)
    match operation["op"]:
        case "add":
            _add(container, last, operation["value"])
        case "replace":
            _child(container, last, operation)
            container[_key(container, last)] = operation["value"]
        case "remove":
            _child(container, last, operation)
            del container[_key(container, last)]
        case _:
            raise PatchError(operation, "fixes add, replace and remove only")


def _segments(operation: Mapping[str, Any]) -> list[str]:
    first, *segments = str(operation["path"]).split("/")
    if first or not segments:
        raise PatchError(operation, "the path is not a JSON pointer below the root")
    return [segment.replace("~1", "/").replace("~0", "~") for segment in segments]


def _child(container: Any, segment: str, operation: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    try:
        return container[_key(container, segment)]
    except (KeyError, IndexError, ValueError, TypeError):
        raise PatchError(operation, f"there is no {segment!r}") from None


def _add(container: Any, segment: str, value: Any) -> None:  # noqa: ANN401 - JSON
    if not isinstance(container, list):
        container[segment] = value
    elif segment == "-":
        container.append(value)
    else:
        container.insert(int(segment), value)


def _key(container: Any, segment: str) -> Any:  # noqa: ANN401 - a name or a position
    return int(segment) if isinstance(container, list) else segment
