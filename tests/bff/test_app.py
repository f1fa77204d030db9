"""Endpoints of a back end for front ends: what they call, and what they answer."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from configsvc.bff.calling import MAX_ANSWER
from tests.bff.world import Web, bff, call, page, policy, service

PLAYER, SCORE = service("player", "get"), service("score", "get")


def test_an_answer_has_the_shape_that_was_written() -> None:
    """Members are whole answers, or what a pointer leads to."""
    output = {"name": "player#/name", "first": "score#/list/0", "whole": "score"}
    calls = (call("player", "player"), call("score", "score"))
    web = Web(PLAYER, SCORE, bff(page(*calls, output=output)))
    web.answers = {"player": {"name": "Ada"}, "score": {"list": [7, 8]}}
    answer = web.get("/page/1")
    assert answer.status_code == 200
    assert answer.json() == {"name": "Ada", "first": 7, "whole": {"list": [7, 8]}}


def test_parameters_come_from_path_query_and_headers() -> None:
    """Encoded where they are used; none can climb out of the path that was written."""
    asked = call(
        "player",
        "player",
        "/players/{path.id}/x",
        query={"page": "{query.page}", "fixed": "a b"},
        headers={"accept-language": "{header.accept-language}"},
    )
    web = Web(PLAYER, bff(page(asked)))
    web.get("/page/a%20b?page=2&page=3", headers={"Accept-Language": "de"})
    (request,) = web.asked
    assert request.url.raw_path == b"/players/a%20b/x?fixed=a+b&page=2"
    assert request.headers["accept-language"] == "de"


@pytest.mark.parametrize("evil", ["..", "."])
def test_dots_do_not_climb(evil: str) -> None:
    """A parameter stays one segment."""
    web = Web(PLAYER, bff(page(call("player", "player", "/players/{query.id}/x"))))
    web.get(f"/page/1?id={evil}")
    assert web.asked[0].url.raw_path == f"/players/{evil.replace('.', '%2E')}/x".encode()


def test_too_many_parameters_are_refused() -> None:
    """With an answer that says so."""
    web = Web(PLAYER, bff(page(call("player", "player"))))
    answer = web.get("/page/1?" + "&".join(["a=1"] * 101))
    assert (answer.status_code, answer.json()["code"]) == (400, "too-many-parameters")


@pytest.mark.parametrize("evil", ["%C3%A9", "b%0D%0Aevil:1", "%00"])
def test_what_is_no_header_value_is_not_sent(evil: str) -> None:
    """Text beyond ASCII, a line end, and a control character."""
    asked = call("player", "player", headers={"x-name": "{query.name}"})
    web = Web(PLAYER, bff(page(asked)))
    answer = web.get(f"/page/1?name={evil}")
    assert (answer.status_code, answer.json()["code"], web.asked) == (502, "part-failed", [])


def test_an_address_that_is_too_long_fails_its_part() -> None:
    """As any other call that cannot be made."""
    calls = (call("player", "player"), call("score", "score", "/p/{player#/name}", stage=2))
    web = Web(PLAYER, SCORE, bff(page(*calls)))
    web.answers = {"player": {"name": "x" * 70_000}}
    answer = web.get("/page/1")
    assert (answer.status_code, answer.json()["code"]) == (502, "part-failed")


def test_a_later_stage_uses_earlier_answers() -> None:
    """Stages run in turn."""
    calls = (
        call("player", "player"),
        call("score", "score", "/scores/{player#/scoreId}", stage=2),
    )
    web = Web(PLAYER, SCORE, bff(page(*calls)))
    web.answers = {"player": {"scoreId": 7}}
    web.get("/page/1")
    assert [each.url.path for each in web.asked] == ["/x", "/scores/7"]


def test_the_calls_of_a_stage_run_at_once() -> None:
    """Each waits until the other was asked too."""
    met = asyncio.Event()

    async def meet(_: httpx.Request) -> httpx.Response:
        if len(web.asked) == 2:
            met.set()
        await asyncio.wait_for(met.wait(), 5)
        return httpx.Response(200, json={})

    web = Web(PLAYER, SCORE, bff(page(call("player", "player"), call("score", "score"))))
    web.answers = {"player": meet, "score": meet}
    assert web.get("/page/1").status_code == 200


def test_without_a_path_the_operations_is_asked_for() -> None:
    """With the request's parameters of the same names."""
    web = Web(PLAYER, bff(page(call("player", "player", None, operation="get"))))
    web.get("/page/42")
    assert web.asked[0].url.path == "/get/42"


def test_a_call_that_nobody_gave_a_path_says_so() -> None:
    """It is a mistake of the document, told where it is seen."""
    web = Web(PLAYER, bff(page(call("player", "player", None))))
    answer = web.get("/page/42")
    assert answer.status_code == 501
    assert "give the call a path" in answer.json()["detail"]


def failing(status: int) -> object:
    """A service that fails."""
    return lambda _: httpx.Response(status, json={})


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"player": {"of": "player"}}),
        ({"default": []}, {"player": {"of": "player"}, "score": []}),
    ],
)
def test_an_optional_part_that_fails_is_left_out(more: dict[str, object], expected: object) -> None:
    """Or is what was written for that case; a header says which parts are missing."""
    calls = (call("player", "player"), call("score", "score", optional=True, **more))
    web = Web(PLAYER, SCORE, bff(page(*calls)))
    web.answers = {"score": failing(500)}
    answer = web.get("/page/1")
    assert (answer.status_code, answer.json()) == (200, expected)
    assert answer.headers["configsvc-degraded"] == "score"


def test_a_whole_answer_says_nothing_is_missing() -> None:
    """The header is absent."""
    web = Web(PLAYER, bff(page(call("player", "player"))))
    assert "configsvc-degraded" not in web.get("/page/1").headers


def test_an_optional_part_does_not_use_up_the_time_of_the_answer() -> None:
    """It is given up before the endpoint's limit, and the rest is answered."""

    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    calls = (call("player", "player"), call("score", "score", optional=True))
    web = Web(PLAYER, SCORE, bff(page(*calls, limit="200ms")))
    web.answers = {"score": hang}
    answer = web.get("/page/1")
    assert (answer.status_code, answer.json()) == (200, {"player": {"of": "player"}})


@pytest.mark.parametrize(("status", "told"), [(404, 404), (500, 502), (403, 502)])
def test_a_part_that_must_be_there_decides(status: int, told: int) -> None:
    """What is not found is not found; other failures are the back end's."""
    web = Web(PLAYER, bff(page(call("player", "player"))))
    web.answers = {"player": failing(status)}
    answer = web.get("/page/1")
    assert (answer.status_code, answer.json()["code"]) == (told, "part-failed")


def test_an_open_breaker_is_told_as_unavailable() -> None:
    """The same breaker as any caller's: the service is not asked any more."""
    breaker = policy(
        "CircuitBreaker",
        window={"kind": "count", "size": 4},
        minimumCalls=4,
        failureRate="50%",
        openFor="10s",
    )
    web = Web(PLAYER, breaker, bff(page(call("player", "player"))))
    web.answers = {"player": failing(500)}
    answers = [web.get("/page/1").status_code for _ in range(6)]
    assert answers == [502] * 4 + [503] * 2
    assert len(web.asked) == 4


def test_what_is_no_json_is_no_answer() -> None:
    """The front end is told that the back end's part is at fault."""
    web = Web(PLAYER, bff(page(call("player", "player"))))
    web.answers = {"player": lambda _: httpx.Response(200, text="<html>")}
    answer = web.get("/page/1")
    assert (answer.status_code, answer.json()["detail"]) == (
        502,
        "player: player answered what is no JSON",
    )


def test_a_reference_that_leads_to_nothing_is_no_call() -> None:
    """Rather than a call for the text of the reference."""
    web = Web(PLAYER, bff(page(call("player", "player", "/players/{query.id}"))))
    answer = web.get("/page/1")
    assert (answer.status_code, web.asked) == (502, [])
    assert answer.json()["detail"] == "player: query.id has no value"


def test_a_body_is_handed_on_to_calls_that_take_one() -> None:
    """With its type and its idempotency key; other headers are not."""
    join = page(call("joined", "player", method="POST"), methods=["POST"])
    web = Web(PLAYER, bff(join))
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k", "X-Other": "x"}
    web.request("POST", "/page/1", content=b'{"a":1}', headers=headers)
    (request,) = web.asked
    assert request.content == b'{"a":1}'
    assert request.headers["idempotency-key"] == "k"
    assert "x-other" not in request.headers


def test_a_body_has_a_bound() -> None:
    """Beyond it nothing is called."""
    web = Web(PLAYER, bff(page(call("joined", "player", method="POST"), methods=["POST"])))
    answer = web.request("POST", "/page/1", content=b"x" * ((1 << 20) + 1))
    assert (answer.status_code, web.asked) == (413, [])


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/page/1")])
def test_what_is_no_endpoint_is_not_found(method: str, path: str) -> None:
    """Neither another path nor another method."""
    web = Web(PLAYER, bff(page(call("player", "player"))))
    assert web.request(method, path).status_code == 404


def test_a_change_counts_from_the_next_request_on() -> None:
    """Without a restart."""
    web = Web(PLAYER, bff(page(call("player", "player"))))
    assert web.get("/page/1").json() == {"player": {"of": "player"}}
    web.publish(PLAYER, bff(page(call("player", "player"), output={"renamed": "player"})))
    assert web.get("/page/1").json() == {"renamed": {"of": "player"}}


def test_who_may_ask_is_decided_as_everywhere() -> None:
    """The resource names an authentication: without a key nobody is called."""
    key = "k" * 32
    digest = hashlib.sha256(key.encode()).hexdigest()
    staff = {
        "apiVersion": "configsvc/v1",
        "kind": "Authentication",
        "metadata": {"name": "staff"},
        "spec": {"apiKeys": [{"id": "one", "sha256": digest}]},
    }
    web = Web(PLAYER, staff, bff(page(call("player", "player")), authentication="staff"))
    assert (web.get("/page/1").status_code, web.asked) == (401, [])
    assert web.get("/page/1", headers={"x-api-key": key}).status_code == 200


def test_an_answer_is_read_no_further_than_its_bound() -> None:
    """Rather than whole and then refused; what comes packed is not unpacked."""
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1 << 20)
            yield b"x" * (1 << 20)

    web = Web(PLAYER, bff(page(call("player", "player"))))
    web.answers = {"player": lambda _: httpx.Response(200, content=endless())}
    answer = web.get("/page/1")
    assert (answer.status_code, answer.json()["detail"]) == (
        502,
        f"player: the answer has more than {MAX_ANSWER} bytes",
    )
    assert sum(read) == MAX_ANSWER + (1 << 20)
    packed = {"content-encoding": "gzip"}
    web.answers = {"player": lambda _: httpx.Response(200, headers=packed, content=endless())}
    assert "packed" in web.get("/page/1").json()["detail"]


def test_a_client_that_goes_takes_its_calls_along() -> None:
    """Nobody works for it any more, though its request was read whole; nothing is sent."""
    web = Web(PLAYER, bff(page(call("player", "player"))))
    asked, cancelled, sent = asyncio.Event(), [], []

    async def hang() -> httpx.Response:
        asked.set()
        try:
            return await asyncio.Future()
        except asyncio.CancelledError:
            cancelled.append("player")
            raise

    web.answers = {"player": lambda _: hang()}
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asked.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/page/1", "query_string": b"", "headers": [],
    }  # fmt: skip
    asyncio.run(web.app(scope, receive, send))
    assert (cancelled, sent) == (["player"], [])
