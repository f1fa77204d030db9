"""Composing one answer: stages in turn, the calls of a stage at once, optional parts left out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

import httpx
import orjson

from configsvc.bff.endpoints import PlannedCall, PlannedEndpoint
from configsvc.bff.references import MISSING, MissingValueError, Values
from configsvc.errors import OperationError
from configsvc_agent import (
    AttemptTimeoutError,
    CallError,
    CallTimeoutError,
    DeadlineError,
    FullError,
    LimitedError,
    OpenError,
)

RESERVE: Final = 0.1
"""Share of the time left that optional calls leave to what comes after them."""

_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_HANDED_ON: Final = ("content-type", "idempotency-key")
"""Request headers that go along with the request's body."""


class PartFailedError(OperationError):
    """A part without which there is no answer; `status` is what the front end is told."""

    def __init__(self, part: str, status: int, reason: str) -> None:
        self.part = part
        self.status = status
        super().__init__(f"{part}: {reason}")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as endpoints see it; ``left`` are the seconds until its deadline, None for none."""

    values: Values
    body: bytes
    left: float | None


@dataclass(slots=True)
class Composed:
    """Answers by call, and which optional parts are missing."""

    answers: dict[str, Any] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)


async def compose(
    endpoint: PlannedEndpoint, request: Request, client: httpx.AsyncClient
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The members of the answer, and the optional parts that are missing in it.

    Raises:
        PartFailedError: a part failed that is not optional.
    """
    until = None if request.left is None else asyncio.get_running_loop().time() + request.left
    composed = Composed()
    for stage in endpoint.stages:
        values = replace(request.values, answers=composed.answers)
        here = replace(request, values=values)
        async with asyncio.TaskGroup() as group:
            tasks = [(call, group.create_task(_part(call, here, client, until))) for call in stage]
        for call, task in tasks:
            _take(composed, call, task.result())
    values = replace(request.values, answers=composed.answers)
    output = {name: reference.resolve(values) for name, reference in endpoint.output}
    shaped = {name: value for name, value in output.items() if value is not MISSING}
    return shaped, tuple(composed.degraded)


def _take(composed: Composed, call: PlannedCall, result: Any) -> None:  # noqa: ANN401  any JSON
    if isinstance(result, PartFailedError):
        if not call.optional:
            raise result
        composed.degraded.append(call.name)
        if call.default is not MISSING:
            composed.answers[call.name] = call.default
        return
    composed.answers[call.name] = result


async def _part(
    call: PlannedCall, request: Request, client: httpx.AsyncClient, until: float | None
) -> Any:  # noqa: ANN401  any JSON
    """The answer to one call, or why there is none: returned, so that its siblings go on."""
    try:
        async with asyncio.timeout(_limit(call, until)):
            return await _ask(call, request, client)
    except TimeoutError:
        return PartFailedError(call.name, HTTPStatus.GATEWAY_TIMEOUT, "not answered in time")
    except MissingValueError as error:
        return PartFailedError(call.name, HTTPStatus.BAD_GATEWAY, str(error))
    except PartFailedError as error:
        return error
    except (CallError, httpx.HTTPError, httpx.InvalidURL) as error:
        return PartFailedError(call.name, _status_of(error), str(error) or type(error).__name__)


def _limit(call: PlannedCall, until: float | None) -> float | None:
    """Seconds that an optional call may take: it never uses up the time of the whole answer."""
    if until is None or not call.optional:
        return None
    return max(0.0, until - asyncio.get_running_loop().time()) * (1 - RESERVE)


async def _ask(call: PlannedCall, request: Request, client: httpx.AsyncClient) -> Any:  # noqa: ANN401  any JSON
    if call.path is None:
        raise PartFailedError(
            call.name,
            HTTPStatus.NOT_IMPLEMENTED,
            f"nobody said which path of {call.callee} to ask for: give the call a path",
        )
    response = await client.request(
        call.method,
        f"http://{call.callee}{call.path.render(request.values, safe='')}",
        params=[(name, text.render(request.values)) for name, text in call.query],
        headers=_headers(call, request),
        content=None if call.method in _BODILESS else request.body,
        extensions={"configsvc": (call.callee, call.operation)},
    )
    return _answer(call, response)


def _headers(call: PlannedCall, request: Request) -> Mapping[str, str]:
    headers = {"accept": "application/json"}
    if call.method not in _BODILESS:
        given = request.values.header
        headers |= {name: given[name] for name in _HANDED_ON if name in given}
    headers |= {name: text.render(request.values) for name, text in call.headers}
    for name, value in headers.items():
        if not (value.isascii() and value.replace("\t", " ").isprintable()):
            raise PartFailedError(
                call.name, HTTPStatus.BAD_GATEWAY, f"header {name} would not be printable ASCII"
            )
    return headers


def _answer(call: PlannedCall, response: httpx.Response) -> Any:  # noqa: ANN401  any JSON
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise PartFailedError(call.name, HTTPStatus.NOT_FOUND, "not found")
    if response.is_error:
        raise PartFailedError(
            call.name, HTTPStatus.BAD_GATEWAY, f"{call.callee} answered {response.status_code}"
        )
    if not response.content:
        return None
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise PartFailedError(
            call.name, HTTPStatus.BAD_GATEWAY, f"{call.callee} answered what is no JSON"
        ) from error


def _status_of(error: Exception) -> int:
    if isinstance(error, CallTimeoutError | AttemptTimeoutError | DeadlineError):
        return HTTPStatus.GATEWAY_TIMEOUT
    if isinstance(error, OpenError | FullError | LimitedError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return (
        HTTPStatus.GATEWAY_TIMEOUT
        if isinstance(error, httpx.TimeoutException)
        else (HTTPStatus.BAD_GATEWAY)
    )
