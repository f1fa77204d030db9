"""Fetching a key set (RFC 7517) from its issuer: bounded, and never from inside of our own network.

Whoever may publish names the address, so that this must not become a way to reach what only this
machine can: hosts are allowed by name, and none whose name leads to an address that is not global.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import orjson

from configsvc.errors import OperationError

WITHIN: Final = 5.0
"""Seconds that a fetch may take in all."""

MAX_BYTES: Final = 64 << 10
"""Bytes of a key set."""

MAX_KEYS: Final = 32
_CHUNK: Final = 8192

_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "RS256": ("kty", "n", "e"),
        "ES256": ("kty", "crv", "x", "y"),
        "EdDSA": ("kty", "crv", "x"),
    }
)
_ALGORITHMS: Final[Mapping[tuple[object, object], str]] = MappingProxyType(
    {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
)
_SPELLINGS: Final = {"Ed25519": "EdDSA"}
"""What RFC 9864 calls algorithms, by the names that documents have."""

Resolve = Callable[[str, int], list[str]]


class KeySetError(OperationError):
    """A key set cannot be had; the keys that were fetched before stay in force."""

    def __init__(self, url: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the key set at {url} cannot be fetched: {reason}")


class KeyFetcher:
    """Fetches key sets.

    Args:
        hosts: those that may be asked.
        context: what their certificates are checked with.
        resolve: addresses of a host; every one of them must be global.
        is_outside: whether an address may be asked.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        hosts: frozenset[str],
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        is_outside: Callable[[str], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosts = hosts
        self._context = context or ssl.create_default_context()
        self._resolve = resolve or _addresses
        self._is_outside = is_outside or (lambda address: ip_address(address).is_global)
        self._clock = clock

    def fetch(self, url: str) -> list[dict[str, Any]]:
        """The keys of a set that documents may have, as they write them; raises `KeySetError`."""
        try:
            keys = _usable(self._read(urlsplit(url)))
        except KeySetError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise KeySetError(url, str(error) or type(error).__name__) from error
        if not keys:
            raise KeySetError(url, "it holds no key for RS256, ES256 or EdDSA with a 'kid'")
        return keys

    def _read(self, url: SplitResult) -> bytes:
        host, port = url.hostname or "", url.port or 443
        if host not in self._hosts:
            raise KeySetError(
                url.geturl(), f"{host} is not among the hosts of the setting key_set_hosts"
            )
        give_up_at = self._clock() + WITHIN
        connection = _PinnedConnection(host, port, self._outside(url, host, port), self._context)
        try:
            connection.request("GET", _target(url), headers={"Accept": "application/json"})
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise KeySetError(url.geturl(), f"{host} answered {response.status}")
            return self._body(response, give_up_at)
        finally:
            connection.close()

    def _outside(self, url: SplitResult, host: str, port: int) -> str:
        addresses = self._resolve(host, port)
        for address in addresses:
            if not self._is_outside(address):
                raise KeySetError(url.geturl(), f"{host} leads to {address}, which is not global")
        return addresses[0]

    def _body(self, response: http.client.HTTPResponse, give_up_at: float) -> bytes:
        found = b""
        while chunk := response.read1(_CHUNK):
            found += chunk
            if len(found) > MAX_BYTES:
                raise ValueError(f"it has more than {MAX_BYTES} bytes")
            if self._clock() > give_up_at:
                raise TimeoutError(f"it took more than {WITHIN:.0f} s")
        return found


class _PinnedConnection(http.client.HTTPSConnection):
    """HTTPS to an address that was looked at; the certificate must be the host's all the same."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=WITHIN, context=context)
        self._address = address
        self._ssl = context

    def connect(self) -> None:
        """See the base class."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._ssl.wrap_socket(plain, server_hostname=self.host)


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def _target(url: SplitResult) -> str:
    return f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"


def _usable(body: bytes) -> list[dict[str, Any]]:
    """The keys of a set that verify signatures by an algorithm that is accepted; others are not."""
    document = orjson.loads(body)
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("it is no JSON object with 'keys'")  # noqa: TRY004 a matter of content
    return list(_distinct(key for key in map(_key, keys) if key is not None))[:MAX_KEYS]


def _distinct(keys: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    return {key["id"]: key for key in keys}.values()


def _key(given: object) -> dict[str, Any] | None:
    if not isinstance(given, dict) or given.get("use", "sig") != "sig":
        return None
    algorithm = _ALGORITHMS.get((given.get("kty"), given.get("crv")))
    said = given.get("alg", algorithm)
    if algorithm is None or _SPELLINGS.get(str(said), said) != algorithm:
        return None
    members = _MEMBERS[algorithm]
    if not all(isinstance(given.get(name), str) for name in (*members, "kid")):
        return None
    return {"id": given["kid"], "algorithm": algorithm, "jwk": {n: given[n] for n in members}}
