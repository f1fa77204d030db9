"""What the server says when it refuses (RFC 9457), as a message and an exit code."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.terminal import shown

GATE: Final = "refused-by-findings"
"""The problem code of a change that adds error findings."""

_CODES = {
    HTTPStatus.UNAUTHORIZED: Exit.SERVER,
    HTTPStatus.FORBIDDEN: Exit.SERVER,
    HTTPStatus.TOO_MANY_REQUESTS: Exit.SERVER,
    HTTPStatus.CONFLICT: Exit.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED: Exit.CONFLICT,
}


def problem_error(status: int, body: Any, request: str) -> CommandError:  # noqa: ANN401 any JSON
    """The error for an answer that is no success.

    Args:
        status: of the answer.
        body: parsed JSON, or text where the answer was something else.
        request: method and path, to name what was refused by something that is no configsvc.
    """
    if not isinstance(body, Mapping) or "detail" not in body:
        said = shown(str(body or "").strip().partition("\n")[0][:200])
        message = f"{request} was answered {status} by something that is no configsvc: {said}"
        return CommandError(message.rstrip(": "), Exit.SERVER)
    lines = [str(body["detail"]), *_hints(status), *_errors(body), *_findings(body)]
    return CommandError("\n".join(lines), exit_code(status, body), dict(body))


def exit_code(status: int, body: Mapping[str, Any]) -> Exit:
    """What a refusal means for whoever called the command."""
    if body.get("code") == GATE:
        return Exit.FINDINGS
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Exit.SERVER
    return _CODES.get(HTTPStatus(status), Exit.INPUT)


def _hints(status: int) -> Iterator[str]:
    if status == HTTPStatus.UNAUTHORIZED:
        yield "  give a token with --token-file FILE or CONFIGSVC_TOKEN_FILE"


def _errors(body: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong and where, unless the detail says it already: it does if that is all."""
    for each in body.get("errors", ()):
        if each.get("message", "") in body["detail"]:
            continue
        place = each.get("pointer") or each.get("origin") or ""
        yield f"  {place}: {each.get('message', '')}" if place else f"  {each.get('message', '')}"


def _findings(body: Mapping[str, Any]) -> Iterator[str]:
    for each in body.get("findings", ()):
        yield f"  {each.get('code')} {each.get('name')}: {each.get('message')}"
