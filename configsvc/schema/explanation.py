"""Why a document is not what its schema says: jsonschema explains, one problem for each value that is wrong.

Only documents that were refused come here, so this may take its time.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from configsvc.model.names import Kind
from configsvc.schema.errors import Problem, child, shown
from configsvc.schema.files import json_schema
from configsvc.schema.hints import elsewhere, nearest, quantity
from configsvc.schema.quantities import PARSERS

_LISTED = 12
"""Names that a message lists before it says that there are more."""

_FIRST = ("type", "const", "enum", "required", "pattern")
"""Of several things wrong with one value, the one named first here is told."""

_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


_SECRETS = {
    "apiKeys": "a key is never written in a document; write the SHA-256 of the key as 'sha256'",
    "jwt": "only public keys belong in a document; remove the private part",
}
"""What to do instead, where an unknown field is most likely a secret."""


def explain(kind: Kind, value: Any) -> list[Problem]:
    """What is wrong with ``value`` as a document of ``kind``; never empty."""
    found: dict[tuple[str, str | None], Problem] = {}
    for error in sorted(_validator(kind).iter_errors(value), key=_rank):
        for name, problem in _problems(kind, error):
            found.setdefault((problem.pointer, name), problem)
    return list(found.values()) or [Problem("", f"not a valid {kind}: compare it with the schema of {kind}")]


@cache
def _validator(kind: Kind) -> Any:
    checker = jsonschema.validators.extend(Draft202012Validator, {"pattern": _pattern})
    return checker(json_schema(kind))


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """ECMA-262's ``$`` is the end of the text alone; Python's also stands before a last line break."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def _rank(error: ValidationError) -> int:
    return _FIRST.index(error.validator) if error.validator in _FIRST else len(_FIRST)


def _problems(kind: Kind, error: ValidationError) -> Iterator[tuple[str | None, Problem]]:
    """The problems in one error, each with the name of the field that is missing or unknown, if it is about one."""
    pointer = ""
    for part in error.absolute_path:
        pointer = child(pointer, part)
    if "propertyNames" in error.absolute_schema_path:
        yield None, _bad_key(pointer, error)
    elif error.validator == "additionalProperties":
        yield from _unknown_fields(kind, pointer, error)
    elif error.validator == "required":
        yield from _missing_fields(pointer, error)
    elif error.schema.get("x-configsvc-type") in PARSERS:
        yield None, _no_quantity(pointer, error)
    else:
        yield None, _EXPLAINERS.get(error.validator, _other)(pointer, error)


def _bad_key(pointer: str, error: ValidationError) -> Problem:
    key = error.instance
    expects = error.schema.get("x-configsvc-expects", "a key that is allowed here")
    return Problem(child(pointer, key), f"{shown(key)} is not {expects}", seen=key)


def _unknown_fields(kind: Kind, pointer: str, error: ValidationError) -> Iterator[tuple[str, Problem]]:
    known = tuple(error.schema.get("properties", ()))
    for name in error.instance:
        if name not in known:
            yield name, _unknown_field(kind, child(pointer, name), name, known)


def _unknown_field(kind: Kind, pointer: str, name: str, known: tuple[str, ...]) -> Problem:
    secret = _SECRETS.get(pointer.split("/")[2]) if pointer.count("/") > 2 else None  # noqa: PLR2004 - /spec/FIELD/...
    close = nearest(name, known)
    other = None if close else elsewhere(kind, name)
    if secret and not close:
        advice = secret
    elif close:
        advice = f"did you mean {close!r}?"
    elif other:
        advice = f"it belongs to {other}"
    else:
        advice = f"known here are {_listed(known)}"
    return Problem(pointer, f"unknown field {shown(name)}: {advice}", seen=name, allowed=known, hint=close or other)


def _missing_fields(pointer: str, error: ValidationError) -> Iterator[tuple[str, Problem]]:
    for name in error.validator_value:
        if name not in error.instance:
            title = error.schema.get("properties", {}).get(name, {}).get("description", "")
            meaning = f" ({title[:1].lower()}{title[1:].split('. ')[0].rstrip('.')})" if title else ""
            yield name, Problem(pointer, f"field {name!r} is missing{meaning}: add it", allowed=(name,))


def _no_quantity(pointer: str, error: ValidationError) -> Problem:
    noun, advice, meant = quantity(error.schema["x-configsvc-type"], error.instance)
    lift = ", or 'none'" if error.schema.get("x-configsvc-none") and not meant else ""
    return Problem(
        pointer, f"{shown(error.instance)} is not {noun}: {advice}{lift}", seen=shown(error.instance), hint=meant
    )


def _wrong_type(pointer: str, error: ValidationError) -> Problem:
    types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    expects = error.schema.get("x-configsvc-expects") or " or ".join(_TYPES[name] for name in types)
    advice = "" if ": " in expects else ": leave the line out, or write a value" if error.instance is None else ""
    return Problem(
        pointer, f"{shown(error.instance)} is not {expects}{advice}", seen=shown(error.instance), allowed=tuple(types)
    )


def _unexpected(pointer: str, error: ValidationError) -> Problem:
    expects = error.schema.get("x-configsvc-expects", f"allowed here: it must match {error.validator_value}")
    return Problem(pointer, f"{shown(error.instance)} is not {expects}", seen=shown(error.instance))


def _not_listed(pointer: str, error: ValidationError) -> Problem:
    allowed = tuple(map(str, error.validator_value if error.validator == "enum" else [error.validator_value]))
    close = nearest(error.instance, allowed) if isinstance(error.instance, str) else None
    advice = f"did you mean {close!r}?" if close and len(allowed) > 1 else f"use {_listed(allowed)}"
    return Problem(
        pointer,
        f"{shown(error.instance)} is not allowed here: {advice}",
        seen=shown(error.instance),
        allowed=allowed,
        hint=close,
    )


def _out_of_range(pointer: str, error: ValidationError) -> Problem:
    low, high = error.schema.get("minimum"), error.schema.get("maximum")
    side = "less" if error.validator == "minimum" else "more"
    return Problem(
        pointer,
        f"{shown(error.instance)} is {side} than allowed: use {low} to {high}",
        seen=shown(error.instance),
        allowed=(str(low), str(high)),
    )


def _wrong_length(pointer: str, error: ValidationError) -> Problem:
    unit = {"Length": "characters", "Items": "items", "Properties": "fields"}[error.validator[3:]]
    side = "at least" if error.validator.startswith("min") else "at most"
    message = f"has {len(error.instance)} {unit}: {side} {error.validator_value} are allowed"
    return Problem(pointer, message, seen=str(len(error.instance)), allowed=(f"{side} {error.validator_value}",))


def _repeated(pointer: str, error: ValidationError) -> Problem:
    twice = next(item for index, item in enumerate(error.instance) if item in error.instance[:index])
    return Problem(pointer, f"{shown(twice)} is listed twice: keep one", seen=shown(twice))


def _together(pointer: str, error: ValidationError) -> Problem:
    names = error.validator_value.get("required", [])
    return Problem(pointer, f"{_quoted(names)} exclude each other: keep one", allowed=tuple(names))


def _one_of(pointer: str, error: ValidationError) -> Problem:
    names = [branch["required"][0] for branch in error.validator_value]
    number = "exactly" if error.validator == "oneOf" else "at least"
    return Problem(pointer, f"needs {number} one of {_quoted(names)}", allowed=tuple(names))


def _needs(pointer: str, error: ValidationError) -> Problem:
    name, needed = next(
        (name, other)
        for name, others in error.validator_value.items()
        for other in others
        if name in error.instance and other not in error.instance
    )
    return Problem(child(pointer, name), f"{name!r} needs {needed!r} beside it: add it", allowed=(needed,))


def _other(pointer: str, error: ValidationError) -> Problem:
    return Problem(pointer, error.message[:200], seen=shown(error.instance))


_EXPLAINERS: Mapping[str, Callable[[str, ValidationError], Problem]] = {
    "type": _wrong_type,
    "pattern": _unexpected,
    "enum": _not_listed,
    "const": _not_listed,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minLength": _wrong_length,
    "maxLength": _wrong_length,
    "minItems": _wrong_length,
    "maxItems": _wrong_length,
    "minProperties": _wrong_length,
    "maxProperties": _wrong_length,
    "uniqueItems": _repeated,
    "not": _together,
    "anyOf": _one_of,
    "oneOf": _one_of,
    "dependentRequired": _needs,
}


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names[:-1])) + f" and {names[-1]!r}"
