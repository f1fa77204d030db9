"""Frozen values: ``@dataclass(frozen=True, slots=True)`` without its price at import.

The standard decorator writes and compiles half a dozen methods for each class when it is defined,
and its module needs :mod:`inspect`: more than half of the time that importing this package took. A
:class:`Value` takes the same methods from here, which need its field names alone, and has its
``__init__`` compiled when the first one is made; most of the classes are never used in one process.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, Self, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import Field

V = TypeVar("V", bound="Value")

NOTHING: Final[Mapping[str, Any]] = {}
"""The default of a field that is a mapping: shared, never filled."""


class _ValueType(type):
    """Turns the annotations of a class body into slots and takes the defaults out of their way."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **options: object
    ) -> _ValueType:
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body.pop(field) for field in fields if field in body}
        slots = fields if bases else ()  # the annotations of Value itself are not for instances
        body |= {"__slots__": slots, "__match_args__": slots, "_defaults": defaults}
        body["_contents"] = attrgetter(*(slots or ("__match_args__",)))
        return super().__new__(cls, name, bases, body, **options)


class _DataclassFields:
    """Lets ``dataclasses.fields``, ``replace`` and ``asdict`` take values for what they seem."""

    def __get__(self, _value: object, kind: type[Value]) -> dict[str, Field[Any]]:
        from dataclasses import make_dataclass  # noqa: PLC0415 - slow to import, see above

        like = make_dataclass(kind.__name__, kind.__match_args__)
        found: dict[str, Field[Any]] = vars(like)["__dataclass_fields__"]
        return found


@dataclass_transform(frozen_default=True)
class Value(metaclass=_ValueType):
    """Base of classes whose instances are equal when they are of one class and their fields are.

    A subclass annotates its fields, gives immutable defaults and may check itself in
    ``__post_init__``. It has no subclasses of its own.
    """

    _contents: ClassVar[attrgetter[Any]]
    _defaults: ClassVar[dict[str, object]]
    __match_args__: ClassVar[tuple[str, ...]]
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    else:
        __dataclass_fields__ = _DataclassFields()

    def __init__(self, *args: object, **fields: object) -> None:
        kind = type(self)
        kind.__init__ = _initializer(kind)  # type: ignore[method-assign]
        kind.__init__(self, *args, **fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"cannot assign to {type(self).__name__}.{name}: values are frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"cannot delete {type(self).__name__}.{name}: values are frozen")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self._contents(self) == self._contents(other))

    def __hash__(self) -> int:
        return hash(self._contents(self))

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)


def replace(value: V, **changes: Any) -> V:  # noqa: ANN401 - each field has its own type
    """``value`` with some of its fields changed, checked anew."""
    fields = {name: getattr(value, name) for name in value.__match_args__}
    return type(value)(**(fields | changes))


def _initializer(kind: type[Value]) -> Callable[..., None]:
    """``__init__`` with the fields as parameters; slots are set past the frozen surface."""
    scope: dict[str, Any] = {}
    parameters, lines = ["self"], [" pass"]
    defaults = vars(kind)["_defaults"]
    for name in kind.__match_args__:
        scope[f"_set_{name}"] = getattr(kind, name).__set__
        lines.append(f" _set_{name}(self, {name})")
        if name in defaults:
            scope[f"_default_{name}"] = defaults[name]
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
    if hasattr(kind, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines), scope)  # noqa: S102 - names of annotations
    made: Callable[..., None] = scope["__init__"]
    return made
