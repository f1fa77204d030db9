"""A small client of the operator API: the standard library alone, with bounds on time and size."""

import http.client
import json
import re
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from configsvc import __version__
from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.options import Invocation
from configsvc.cli.problems import problem_error
from configsvc.errors import InputError
from configsvc.model.names import check_name

TIMEOUT: Final = 30.0
"""Seconds without a byte after which the server counts as gone."""

MAX_ANSWER: Final = 256 << 20
"""Bytes of an answer; the largest is the list of all resources of a namespace."""

TRIES: Final = 3
"""How often a request is sent that is safe to repeat."""

WAIT: Final = 0.5
"""Seconds before a request is repeated; the server may ask for more."""

LONGEST_WAIT: Final = 10.0
"""Seconds for which the command line waits at most when the server asks it to."""

_VISIBLE: Final = re.compile(r"[!-~]+")


class ServerAddressError(InputError):
    """``--server`` is not the address of a server."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"server {text!r} is not an address: expected a URL such as http://127.0.0.1:8700"
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered: the parsed JSON body (None without one) and the headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Client:
    """Sends requests of one invocation; every failure ends the command with its exit code.

    `sleep` waits for a number of seconds before a request is repeated.
    """

    def __init__(
        self,
        server: str,
        namespace: str,
        token: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server = server
        self.namespace = check_name("namespace", namespace)
        self._token = _sound(token)
        self._sleep = sleep
        self._url = _address(server)

    @classmethod
    def of(cls, invocation: Invocation) -> "Client":
        """The client that the shared options describe; reads the token's file."""
        return cls(invocation.server, invocation.namespace, _token(invocation))

    def in_namespace(self, *parts: object) -> str:
        """The path of something inside the namespace; the parts are quoted."""
        return self.path("namespaces", self.namespace, *parts)

    @staticmethod
    def path(*parts: object) -> str:
        """A path of the API; the parts are quoted."""
        return "/".join(("/v1", *(quote(str(part), safe="") for part in parts)))

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 any JSON
        """The body of an answer to GET; queries that are None are left out."""
        return self.send("GET", path, query=query).body

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 any JSON
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and return the answer, if it is a success.

        A request with the header ``Idempotency-Key``, and every GET, is repeated after a lost
        connection and where the server asks to try again.

        Raises:
            CommandError: the server cannot be reached, or refuses.
        """
        sent = {**self._headers(), **(headers or {})}
        tries = TRIES if method == "GET" or "Idempotency-Key" in sent else 1
        given = {name: value for name, value in (query or {}).items() if value is not None}
        target = (
            self._url.path.rstrip("/")
            + path
            + (f"?{urlencode(given, doseq=True)}" if given else "")
        )
        data = None if body is None else json.dumps(body).encode()
        answer = self._repeat(tries, lambda: self._once(method, target, data, sent))
        if answer.status >= http.client.BAD_REQUEST:
            raise problem_error(answer.status, answer.body, f"{method} {path}")
        return answer

    def _repeat(self, tries: int, attempt: Callable[[], Answer]) -> Answer:
        for left in range(tries - 1, -1, -1):
            try:
                answer = attempt()
            except (OSError, http.client.HTTPException) as exc:
                if not left or isinstance(exc, ConnectionRefusedError):
                    raise self._unreachable(exc) from exc
                self._sleep(WAIT)
                continue
            if not left or answer.status != http.client.SERVICE_UNAVAILABLE:
                return answer
            self._sleep(_retry_after(answer))
        raise AssertionError("at least one try is made")

    def _once(
        self, method: str, target: str, data: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        with closing(self._connect()) as connection:
            connection.request(method, target, data, dict(headers))
            response = connection.getresponse()
            content = response.read(MAX_ANSWER + 1)
            if len(content) > MAX_ANSWER:
                raise http.client.HTTPException(f"answer is larger than {MAX_ANSWER >> 20} MiB")
            kind = response.headers.get_content_type()
            body = _parsed(content, kind)
            return Answer(response.status, body, {k.lower(): v for k, v in response.getheaders()})

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def _headers(self) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"configsvc/{__version__}",
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _unreachable(self, exc: Exception) -> CommandError:
        reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        return CommandError(
            f"{self.server} cannot be reached: {reason}; start a server there with "
            "'configsvc serve', or name another one with --server",
            Exit.SERVER,
        )


def _address(server: str) -> SplitResult:
    try:
        url = urlsplit(server)
        usable = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError as exc:
        raise ServerAddressError(server) from exc
    if not usable or url.query or url.fragment or url.username:
        raise ServerAddressError(server)
    return url


def _token(invocation: Invocation) -> str | None:
    if invocation.token_file is None:
        return invocation.token
    try:
        token = Path(invocation.token_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not text"
        message = f"token file {invocation.token_file} cannot be read: {reason}"
        raise InputError(message) from exc
    if not token:
        raise InputError(f"token file {invocation.token_file} is empty: write a token into it")
    return token


def _sound(token: str | None) -> str | None:
    """Return a token that can be sent; it may be a secret mistyped, and is not repeated."""
    if token and not _VISIBLE.fullmatch(token):
        raise InputError(
            "the token holds something that no token does, such as a line break, a space or a "
            "quotation mark of a word processor: copy it again in full"
        )
    return token


def _parsed(content: bytes, kind: str) -> Any:  # noqa: ANN401 any JSON
    """The body as JSON, as text where it is not JSON, None where there is none."""
    if not content:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return json.loads(content)
        except ValueError as exc:
            raise http.client.HTTPException(f"the answer is no JSON: {exc}") from exc
    return content.decode(errors="replace")


def _retry_after(answer: Answer) -> float:
    asked = answer.headers.get("retry-after", "")
    return min(LONGEST_WAIT, max(WAIT, float(asked))) if asked.isdigit() else WAIT
