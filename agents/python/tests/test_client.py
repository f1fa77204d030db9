"""The HTTP client: every answer is bounded, every failure has a name, TLS is verified."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509

from agents.python.tests.certificates import certified
from agents.python.tests.peer import PATIENCE, TOKEN, Peer, bundle
from configsvc_agent.client import Client, ServerAwayError, ServerRefusedError
from configsvc_agent.settings import Settings, SettingsError, Token

OK_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def client_of(url: str, *, ca_file: Path | None = None) -> Client:
    """A client of the player engine."""
    settings = Settings(
        service="player-engine",
        namespace="prod",
        url=url,
        token=Token(text=TOKEN),
        ca_file=ca_file,
    )
    return Client(settings, "pod-7", None)


class RawServer:
    """Answers each connection with given bytes and closes it; ``received`` has the requests."""

    def __init__(self, *answers: bytes) -> None:
        self.received: list[bytes] = []
        self._answers = list(answers)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._socket.accept()
            with connection:
                connection.settimeout(PATIENCE)
                self.received.append(connection.recv(65536))
                connection.sendall(answer)

    def close(self) -> None:
        """Stop listening; all answers must have been fetched."""
        self._thread.join(PATIENCE)
        self._socket.close()


@pytest.fixture
def raw() -> Iterator[Callable[..., RawServer]]:
    """Make raw servers; they are closed in the end."""
    made: list[RawServer] = []

    def make(*answers: bytes) -> RawServer:
        made.append(RawServer(*answers))
        return made[-1]

    yield make
    for server in made:
        server.close()


def test_a_stream_is_read_as_it_comes(raw: Callable[..., RawServer]) -> None:
    """The request says who asks and what is held; the bytes come unchanged."""
    server = raw(OK_STREAM + b"data: 1\n\n")
    stream = client_of(server.url).open_stream(last_event_id="e1.7.0", digest="d" * 64)

    assert b"".join(stream.chunks()) == b"data: 1\n\n"
    stream.release()
    request = server.received[0].decode()
    assert request.startswith(
        "GET /v1/agent/stream?namespace=prod&service=player-engine&instance=pod-7 HTTP/1.1\r\n"
    )
    assert f"Authorization: Bearer {TOKEN}\r\n" in request
    assert "Last-Event-ID: e1.7.0\r\n" in request
    assert f"Configsvc-Digest: {'d' * 64}\r\n" in request


def test_a_path_before_the_protocols_is_kept(raw: Callable[..., RawServer]) -> None:
    """An agent plane behind a prefix is reached."""
    server = raw(OK_STREAM)
    client_of(f"{server.url}/configsvc/").open_stream(last_event_id="", digest="").release()

    assert server.received[0].startswith(b"GET /configsvc/v1/agent/stream?")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>",
            "text/html is no event stream",
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n", "answered 302"),
        (
            b'HTTP/1.1 401 No\r\n\r\n{"code":"unauthenticated","detail":"no"}',
            "the server answered 401 unauthenticated: no",
        ),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\n[1]", "the server answered 500: Oops"),
    ],
)
def test_an_answer_that_is_no_stream(
    raw: Callable[..., RawServer], answer: bytes, text: str
) -> None:
    """Redirects are not followed; a problem's words are kept."""
    server = raw(answer)
    with pytest.raises(ServerRefusedError) as caught:
        client_of(server.url).open_stream(last_event_id="", digest="")
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000]
)
def test_an_answer_that_is_no_http(raw: Callable[..., RawServer], answer: bytes) -> None:
    """Whatever listens there, the agent goes on."""
    server = raw(answer)
    with pytest.raises(ServerAwayError):
        client_of(server.url).open_stream(last_event_id="", digest="")


def test_a_problem_without_end_is_cut(raw: Callable[..., RawServer]) -> None:
    """No more of an error is read than is worth showing."""
    server = raw(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n" + b"x" * 200_000)
    with pytest.raises(ServerRefusedError) as caught:
        client_of(server.url).open_stream(last_event_id="", digest="")
    assert (caught.value.status, caught.value.retry_after) == (503, 7.0)


def test_closing_wakes_the_reader(peer: Peer) -> None:
    """A thread that waits for the next event is let go at once."""
    peer.mute = True
    stream = client_of(peer.url).open_stream(last_event_id="", digest="")
    stream.quiet_for(PATIENCE)
    ended = threading.Event()

    def read() -> None:
        with contextlib.suppress(ServerAwayError):
            list(stream.chunks())
        ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    stream.close()

    assert ended.wait(PATIENCE)
    thread.join()
    stream.release()
    peer.wait_streams(1).end()


def test_silence_ends_a_stream(peer: Peer) -> None:
    """A connection that is dead without saying so is found out."""
    peer.mute = True
    stream = client_of(peer.url).open_stream(last_event_id="", digest="")
    stream.quiet_for(0.05)

    with pytest.raises(ServerAwayError, match="timed out"):
        list(stream.chunks())
    stream.release()
    peer.streams[0].end()


class TestFetch:
    """One bundle by its digest."""

    def test_bytes_and_position(self, peer: Peer) -> None:
        """What the headers say comes with the bytes."""
        published = peer.publish(bundle(), version=7)
        client = client_of(peer.url)
        fetched = client.fetch(published.digest, limit=1 << 20)
        client.close()

        assert fetched.data == published.data
        assert (fetched.digest, fetched.epoch) == (published.digest, "e1")
        assert (fetched.version, fetched.revision) == (7, 7)

    def test_more_than_allowed_is_refused(self, peer: Peer) -> None:
        """A limit is a limit."""
        published = peer.publish(bundle())
        with pytest.raises(ServerRefusedError, match="more than 10 bytes"):
            client_of(peer.url).fetch(published.digest, limit=10)

    def test_what_is_not_in_force(self, peer: Peer) -> None:
        """The server says so."""
        peer.publish(bundle())
        with pytest.raises(ServerRefusedError, match="404 not-in-force"):
            client_of(peer.url).fetch("0" * 64, limit=10)

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this",
        ],
    )
    def test_a_body_that_breaks_off(self, raw: Callable[..., RawServer], answer: bytes) -> None:
        """Half an answer is none."""
        server = raw(answer)
        with pytest.raises(ServerAwayError, match="broke off"):
            client_of(server.url).fetch("0" * 64, limit=1000)

    def test_headers_that_are_missing(self, raw: Callable[..., RawServer]) -> None:
        """Without its position a bundle cannot be ordered."""
        server = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        client = client_of(server.url)
        with pytest.raises(ServerRefusedError, match="headers are incomplete"):
            client.fetch("0" * 64, limit=1000)
        client.close()


def test_a_connection_that_was_closed_while_idle_is_replaced(
    raw: Callable[..., RawServer],
) -> None:
    """A keep-alive connection that the server has given up costs nothing but another one."""
    kept = b"HTTP/1.1 204 No Content\r\n\r\n"
    server = raw(kept, kept)
    client = client_of(server.url)

    client.report({"reports": []})
    client.report({"reports": []})
    client.close()

    assert len(server.received) == 2


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context and the file of the authority that signed it."""
    return certified(x509.IPAddress(ipaddress.ip_address("127.0.0.1")), tmp_path)


class TestTls:
    """Only who is vouched for is talked to."""

    @pytest.fixture
    def secure(self, tls: tuple[ssl.SSLContext, Path]) -> Iterator[Peer]:
        """The peer behind TLS."""
        peer = Peer()
        peer._server.socket = tls[0].wrap_socket(peer._server.socket, server_side=True)
        peer.publish(bundle())
        yield peer
        peer.close()

    def test_a_server_that_is_vouched_for(
        self, secure: Peer, tls: tuple[ssl.SSLContext, Path]
    ) -> None:
        """Fetching and streaming work as without."""
        url = secure.url.replace("http:", "https:")
        client = client_of(url, ca_file=tls[1])
        assert secure.in_force is not None

        assert client.fetch(secure.in_force.digest, limit=1 << 20).version == 1
        stream = client.open_stream(last_event_id="", digest="")
        assert b"event: session" in next(stream.chunks())
        stream.close()
        stream.release()
        client.close()

    def test_one_that_is_not(self, secure: Peer) -> None:
        """The system's authorities do not know it: no token is sent."""
        client = client_of(secure.url.replace("http:", "https:"))
        with pytest.raises(ServerAwayError, match="certificate verify failed"):
            client.open_stream(last_event_id="", digest="")
        assert not secure.requests

    def test_a_file_of_authorities_that_is_not_there(self, tmp_path: Path) -> None:
        """The text names the setting."""
        with pytest.raises(SettingsError, match="correct CONFIGSVC_CA_FILE"):
            client_of("https://127.0.0.1:1", ca_file=tmp_path / "nothing")
