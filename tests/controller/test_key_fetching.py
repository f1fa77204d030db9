"""Fetching key sets over HTTPS: what is taken of them, and what is refused."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from configsvc.controller.key_fetching import MAX_BYTES, KeyFetcher, KeySetError
from tests.agentgate.certificates import make

X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
EDDSA = {"kty": "OKP", "crv": "Ed25519", "x": X}
GOOD = {**EDDSA, "kid": "k1", "alg": "Ed25519", "use": "sig"}


class Issuer(BaseHTTPRequestHandler):
    """Answers each path with what the test has put there: a status and a body."""

    answers: dict[str, tuple[int, bytes]]

    def do_GET(self) -> None:
        """Answer."""
        status, body = self.answers[self.path]
        self.send_response(status)
        self.send_header("Location", "/good")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, ssl.SSLContext]]:
    """The port of an issuer at ``localhost``, and a context that trusts its certificate."""
    pair = make(tmp_path_factory.mktemp("issuer"))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pair.certificate, pair.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    server.socket = serving.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, ssl.create_default_context(cafile=str(pair.certificate))
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(issuer: tuple[int, ssl.SSLContext], status: int, body: bytes, **more: Any) -> Any:  # noqa: ANN401 any JSON
    """Fetch what the issuer answers so."""
    port, context = issuer
    Issuer.answers = {"/keys?v=1": (status, body), "/good": (200, key_set(GOOD))}
    options = {"resolve": lambda _host, _port: ["127.0.0.1"], "is_outside": lambda _: True} | more
    fetcher = KeyFetcher(frozenset({"localhost"}), context, **options)
    return fetcher.fetch(f"https://localhost:{port}/keys?v=1")


def key_set(*keys: object) -> bytes:
    """A key set."""
    return json.dumps({"keys": keys}).encode()


def test_takes_the_keys_that_verify_signatures(issuer: tuple[int, ssl.SSLContext]) -> None:
    """Those for other uses or algorithms, and those without a name, are left out."""
    others = (
        {**GOOD, "kid": "k2", "use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k3", "alg": "HS256"},
        {**GOOD, "kid": "k4", "alg": "none"},
        EDDSA,
        {"kty": "RSA", "n": "abc", "kid": "k5"},
        "k6",
    )
    private = {**GOOD, "d": "never handed on"}
    found = fetch(issuer, 200, key_set(private, *others))
    assert found == [{"id": "k1", "algorithm": "EdDSA", "jwk": EDDSA}]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, key_set(), "it holds no key for RS256, ES256 or EdDSA with a 'kid'"),
        (200, b"<html>", "unexpected character"),
        (200, b"[]", "it is no JSON object with 'keys'"),
        (200, b" " * (MAX_BYTES + 1), f"it has more than {MAX_BYTES} bytes"),
        (302, b"", "localhost answered 302"),
        (500, b"", "localhost answered 500"),
    ],
)
def test_says_what_is_wrong_with_an_answer(
    issuer: tuple[int, ssl.SSLContext], status: int, body: bytes, reason: str
) -> None:
    """A redirect is followed nowhere."""
    with pytest.raises(KeySetError, match=reason):
        fetch(issuer, status, body)


def test_asks_no_host_that_is_not_allowed() -> None:
    """By default none is; the setting is named."""
    with pytest.raises(KeySetError) as error:
        KeyFetcher(frozenset()).fetch("https://login.example.com/keys")
    assert str(error.value) == (
        "the key set at https://login.example.com/keys cannot be fetched: login.example.com is not "
        "among the hosts of the setting key_set_hosts"
    )


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"])
def test_asks_no_address_inside(issuer: tuple[int, ssl.SSLContext], address: str) -> None:
    """Whatever an allowed name leads to, and if only one of its addresses is inside."""
    port, context = issuer
    hosts = frozenset({"localhost"})
    fetcher = KeyFetcher(hosts, context, resolve=lambda _host, _port: ["9.9.9.9", address])
    with pytest.raises(KeySetError, match="which is not global"):
        fetcher.fetch(f"https://localhost:{port}/keys")


def test_asks_nobody_whose_certificate_is_anothers(issuer: tuple[int, ssl.SSLContext]) -> None:
    """The name in the address counts, not the address that it leads to."""
    port, context = issuer
    fetcher = KeyFetcher(
        frozenset({"login.example.com"}), context,
        resolve=lambda _host, _port: ["127.0.0.1"], is_outside=lambda _: True,
    )  # fmt: skip
    with pytest.raises(KeySetError, match="certificate"):
        fetcher.fetch(f"https://login.example.com:{port}/keys")


def test_gives_up_on_an_answer_that_never_ends(issuer: tuple[int, ssl.SSLContext]) -> None:
    """The time of the whole fetch is bounded, not that between two bytes alone."""
    moments = iter((0.0, 6.0))
    with pytest.raises(KeySetError, match="it took more than 5 s"):
        fetch(issuer, 200, key_set(GOOD), clock=lambda: next(moments))
