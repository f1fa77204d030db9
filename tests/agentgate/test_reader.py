"""Bytes to requests: however they are cut, and whatever they are."""

from hypothesis import given
from hypothesis import strategies as st

from configsvc.agentgate.options import Limits
from configsvc.agentgate.reader import RequestReader

LIMITS = Limits(head=512, body=256, pipelined=3)
GET = b"GET /v1/agent/stream?namespace=prod&service=a HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/agent/report HTTP/1.1\r\nContent-Length: 4\r\nX-A: 1\r\n\r\nbody"
CHUNKED = b"POST /r HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"


def reader(limits: Limits = LIMITS) -> RequestReader:
    """A reader; leave to send a body is not asked for."""
    return RequestReader(limits, lambda: None)


def refused(data: bytes, limits: Limits = LIMITS) -> tuple[int, str] | None:
    """Status and code with which bytes are refused, None if they are not."""
    one = reader(limits)
    one.feed(data)
    return (one.refusal.status, one.refusal.code) if one.refusal else None


@given(st.data())
def test_requests_are_the_same_however_they_are_cut(data: st.DataObject) -> None:
    """Packet borders mean nothing."""
    whole = GET + POST + CHUNKED
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    one = reader()
    for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        one.feed(whole[begin:end])
    get, post, chunked = one.requests
    assert (get.method, get.path, get.query) == (
        "GET",
        "/v1/agent/stream",
        {"namespace": "prod", "service": "a"},
    )
    assert (post.headers, post.body) == ({"content-length": "4", "x-a": "1"}, b"body")
    assert chunked.body == b"body"
    assert not one.busy
    assert one.refusal is None


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_any_bytes_are_read_or_refused(pieces: list[bytes]) -> None:
    """No input raises, and what is kept of it is bounded."""
    one = reader()
    for piece in pieces:
        one.feed(piece)
    assert len(one.requests) <= LIMITS.pipelined + 1


@given(st.integers(0, len(POST) - 1), st.binary(min_size=1, max_size=4))
def test_any_damage_is_read_or_refused(at: int, noise: bytes) -> None:
    """A request with some bytes replaced raises nothing either."""
    reader().feed(GET + POST[:at] + noise + POST[at + len(noise) :])


def test_head_is_bounded() -> None:
    """Whether it ends or not, in one header or in many."""
    too_large = (431, "headers-too-large")
    assert refused(b"GET / HTTP/1.1\r\nX: " + b"a" * 600 + b"\r\n\r\n") == too_large
    assert refused(b"GET / HTTP/1.1\r\nX: " + b"a" * 600) == too_large
    assert refused(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100) == too_large
    assert refused(b"GET /" + b"a" * 600) == too_large
    assert refused(b"GET / HTTP/1.1\r\nX: " + b"a" * 400 + b"\r\n\r\n") is None


def test_body_is_bounded() -> None:
    """Whether its length is told or not; chunk sizes and trailers included."""
    too_large = (413, "too-large")
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert refused(b"POST / HTTP/1.1\r\nContent-Length: 257\r\n\r\n") == too_large
    assert refused(b"POST / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n") == too_large
    assert refused(chunked + b"80\r\n" + b"a" * 128 + b"\r\n81\r\n" + b"a" * 129) == too_large
    assert refused(chunked + b"1;ext=" + b"e" * 1100) == too_large
    assert refused(chunked + b"0\r\n" + b"T: x\r\n" * 100) == (431, "headers-too-large")


def test_requests_sent_ahead_are_bounded() -> None:
    """A peer cannot queue requests without end."""
    assert refused(GET * 3) is None
    assert refused(GET * 4) == (400, "bad-request")


def test_smuggling_is_refused() -> None:
    """A request with two lengths is none."""
    both = b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert refused(both) == (400, "bad-request")
    twice = b"POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n"
    assert refused(twice) == (400, "bad-request")


def test_other_protocols_are_refused() -> None:
    """Neither HTTP/2 nor an upgrade nor TLS on a plain port."""
    assert refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == (400, "bad-request")
    upgrade = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert refused(upgrade) == (400, "bad-request")
    assert refused(b"\x16\x03\x01\x02\x00\x01") == (400, "bad-request")


def test_repeated_names_are_told() -> None:
    """The first value counts, and whoever cares can see that there were more."""
    one = reader()
    one.feed(b"GET /?a=1&a=2&b=%20x HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\n\r\n")
    (request,) = one.requests
    assert (request.query, request.headers) == ({"a": "1", "b": " x"}, {"x-a": "1"})
    assert request.repeated == {"a", "x-a"}


def test_parameters_are_bounded() -> None:
    """More than 32 are a mistake."""
    assert refused(b"GET /?" + b"a&" * 40 + b" HTTP/1.1\r\n\r\n") == (400, "bad-request")
