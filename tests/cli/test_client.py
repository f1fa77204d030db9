"""The client: what it sends, what it repeats, and how failures end a command."""

import socket
from pathlib import Path
from typing import Any

import pytest

from configsvc.cli import client as module
from configsvc.cli.client import Client, ServerAddressError
from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.options import Invocation
from configsvc.errors import InputError
from tests.cli.scripted_server import Prepared, ScriptedServer, scripted

BUSY = Prepared(503, {"detail": "busy", "code": "unavailable"}, {"Retry-After": "2"})


def client_of(server: ScriptedServer, waits: list[float] | None = None) -> Client:
    """A client that notes its waits instead of waiting."""
    return Client(server.url, "prod", "cfg_secret", (waits if waits is not None else []).append)


def test_request_carries_token_query_and_quoted_path() -> None:
    """The token goes into the header, queries that are None are left out, names are quoted."""
    with scripted(Prepared(body={"items": []})) as server:
        client = client_of(server)
        body = client.get(client.in_namespace("edges", "a/b"), kind="Retry", label=None)

    (asked,) = server.asked
    assert body == {"items": []}
    assert (asked.method, asked.target) == ("GET", "/v1/namespaces/prod/edges/a%2Fb?kind=Retry")
    assert asked.headers["authorization"] == "Bearer cfg_secret"


def test_body_is_sent_as_json() -> None:
    """A body arrives as it was given."""
    with scripted(Prepared(201, {"revision": 1}, {"ETag": '"x"'})) as server:
        answer = client_of(server).send("POST", "/v1/x", {"message": "m"})

    assert server.asked[0].body == {"message": "m"}
    assert (answer.status, answer.headers["etag"]) == (201, '"x"')


def test_lost_answer_is_asked_for_again() -> None:
    """A GET whose connection breaks is repeated."""
    with scripted(Prepared(drop=True), Prepared(body={"ok": True})) as server:
        assert client_of(server).get("/v1/x") == {"ok": True}


def test_write_without_key_is_sent_once() -> None:
    """A lost answer to a write is not repeated unless the server can tell repetitions."""
    with scripted(Prepared(drop=True)) as server, pytest.raises(CommandError) as caught:
        client_of(server).send("POST", "/v1/x", {})

    assert len(server.asked) == 1
    assert caught.value.code is Exit.SERVER


def test_write_with_key_is_repeated_with_the_same_key() -> None:
    """An idempotency key makes repeating a write safe."""
    with scripted(Prepared(drop=True), Prepared(body={})) as server:
        client_of(server).send("POST", "/v1/x", {}, headers={"Idempotency-Key": "k"})

    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["k", "k"]


def test_busy_server_is_asked_again_when_it_says() -> None:
    """503 with Retry-After is waited for, a bounded number of times."""
    waits: list[float] = []
    with scripted(BUSY) as server, pytest.raises(CommandError) as caught:
        client_of(server, waits).get("/v1/x")

    assert waits == [2.0, 2.0]
    assert (caught.value.message, caught.value.code) == ("busy", Exit.SERVER)


def test_absent_server_is_named_with_what_to_do() -> None:
    """A refused connection says where, why, and what to do; it is not tried again."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(CommandError) as caught:
        Client(url, "prod").get("/v1/x")

    assert caught.value.code is Exit.SERVER
    assert caught.value.message == (
        f"{url} cannot be reached: Connection refused; start a server there with "
        "'configsvc serve', or name another one with --server"
    )


def test_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts and never answers does not hang the command."""
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "prod", None, lambda _: None)
        with pytest.raises(CommandError, match="cannot be reached: timed out"):
            client.get("/v1/x")


def test_answer_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server cannot fill the memory of the command line."""
    monkeypatch.setattr(module, "MAX_ANSWER", 10)
    with scripted(Prepared(body="x" * 20)) as server, pytest.raises(CommandError, match="larger"):
        client_of(server).get("/v1/x")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"detail": "bad"}, Exit.INPUT),
        (401, {"detail": "who"}, Exit.SERVER),
        (403, {"detail": "no"}, Exit.SERVER),
        (404, {"detail": "none"}, Exit.INPUT),
        (409, {"detail": "late"}, Exit.CONFLICT),
        (412, {"detail": "late"}, Exit.CONFLICT),
        (422, {"detail": "wrong", "code": "invalid-document"}, Exit.INPUT),
        (422, {"detail": "gate", "code": "refused-by-findings"}, Exit.FINDINGS),
        (500, {"detail": "oops"}, Exit.SERVER),
    ],
)
def test_refusal_ends_with_its_exit_code(status: int, body: dict[str, Any], code: Exit) -> None:
    """Each kind of refusal has one exit code, and the problem is kept for JSON output."""
    problem = Prepared(status, body, content_type="application/problem+json")
    with scripted(problem) as server, pytest.raises(CommandError) as caught:
        client_of(server).send("POST", "/v1/x")

    assert (caught.value.code, caught.value.detail) == (code, body)


def test_problem_is_written_with_its_errors_and_findings() -> None:
    """Every error of a problem has its pointer, every finding its code."""
    body = {
        "detail": "refused",
        "errors": [{"pointer": "/put/0/spec", "message": "unknown field"}],
        "findings": [{"code": "RT03", "name": "dead-attempts", "message": "3 of 5"}],
    }
    with scripted(Prepared(422, body)) as server, pytest.raises(CommandError) as caught:
        client_of(server).get("/v1/x")

    assert caught.value.message == (
        "refused\n  /put/0/spec: unknown field\n  RT03 dead-attempts: 3 of 5"
    )


@pytest.mark.parametrize("detail", ["unknown field", "line 1: unknown field"])
def test_only_error_is_written_once(detail: str) -> None:
    """An error that the detail tells already is not listed below it again."""
    body = {"detail": detail, "errors": [{"pointer": "/delete/0", "message": "unknown field"}]}
    with scripted(Prepared(400, body)) as server, pytest.raises(CommandError) as caught:
        client_of(server).get("/v1/x")

    assert caught.value.message == detail


def test_other_server_is_not_mistaken_for_a_refusal() -> None:
    """A page of a proxy is reported as what it is."""
    page = Prepared(502, b"<h1>Bad gateway</h1>\n...", content_type="text/html")
    with scripted(page) as server, pytest.raises(CommandError) as caught:
        client_of(server).get("/v1/x")

    assert caught.value.code is Exit.SERVER
    assert caught.value.message == (
        "GET /v1/x was answered 502 by something that is no configsvc: <h1>Bad gateway</h1>"
    )


@pytest.mark.parametrize(
    "server",
    ["", "127.0.0.1:8700", "ftp://host", "http://", "http://h:0", "http://u:p@h", "http://[x"],
)
def test_address_that_is_no_url_is_refused(server: str) -> None:
    """A server is named by a URL, and never with a secret in it."""
    with pytest.raises(ServerAddressError, match="is not an address: expected a URL"):
        Client(server, "prod")


def test_token_is_read_from_its_file(tmp_path: Path) -> None:
    """The file's only line is the token."""
    file = tmp_path / "token"
    file.write_text("cfg_from_file\n")
    with scripted(Prepared(body={})) as server:
        Client.of(Invocation(server=server.url, token_file=str(file))).get("/v1/x")

    assert server.asked[0].headers["authorization"] == "Bearer cfg_from_file"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read: No such file"), (b"", "is empty"), (b"\xff", "it is not text")],
)
def test_unusable_token_file_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """A missing, empty or binary token file is an error, not an anonymous request."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(InputError, match=reason):
        Client.of(Invocation(token_file=str(file)))


@pytest.mark.parametrize("token", ["cfg_a\nb", "cfg_a b", "cfg_\u2603", "cfg_\x7f"])
def test_mistyped_token_is_refused_without_being_shown(token: str) -> None:
    """What cannot be sent is said before it is tried, and is in no message."""
    with pytest.raises(InputError, match="copy it again in full") as caught:
        Client.of(Invocation(token=token))

    assert "cfg_" not in str(caught.value)
