"""Gateways, routes and back ends for front ends that contradict themselves."""

import pytest

from tests.schema.builders import refused

CALL = {"name": "player", "to": "player-engine"}
ENDPOINT = {"name": "home", "path": "/home/{id}", "calls": [CALL], "output": {"player": "player"}}
ROUTE = {"gateway": "edge", "destinations": [{"to": "a"}]}


def bff(**changed: object) -> list[str]:
    """What is said against a Bff whose one endpoint is changed so."""
    return refused("Bff", {"client": "web", "endpoints": [{**ENDPOINT, **changed}]})


def call(**changed: object) -> list[str]:
    """What is said against a Bff with a call changed so, after one that is called player."""
    calls = [CALL, {"name": "score", "to": "score-engine", **changed}]
    return bff(calls=calls)


def test_an_endpoint_that_is_fine() -> None:
    """The cases below change one thing of it each."""
    assert bff() == call() == refused("Route", ROUTE) == []


def test_listeners_do_not_share_a_port() -> None:
    """Only one of them could listen."""
    (message,) = refused("Gateway", {"listeners": [{"port": 80}, {"port": 81}, {"port": 80}]})
    assert message.startswith("/spec/listeners/2/port: address and port ('127.0.0.1', 80) is taken")


def test_https_needs_a_certificate() -> None:
    """And a certificate needs https."""
    tls = {"certificateFile": "/a", "keyFile": "/b"}
    assert refused("Gateway", {"listeners": [{"port": 1, "protocol": "https"}]}) == [
        "/spec/listeners/0: protocol https needs 'tls' with certificateFile and keyFile: add it"
    ]
    assert refused("Gateway", {"listeners": [{"port": 1, "tls": tls}]}) == [
        (
            "/spec/listeners/0/tls: 'tls' has no effect with protocol http: "
            "write 'protocol: https' or remove it"
        )
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"match": {"path": "/a", "prefix": "/b"}},
            "/spec/match: 'path' and 'prefix' exclude each other: keep one",
        ),
        (
            {"match": {"path": "/{a}/{a}"}},
            "/spec/match/path: parameter {a} stands twice in '/{a}/{a}': rename one",
        ),
        (
            {"rewrite": {"prefix": "/b"}},
            (
                "/spec/rewrite/prefix: replaces 'match.prefix', which is not there: "
                "add it, or rewrite 'path'"
            ),
        ),
        (
            {"match": {"path": "/{a}"}, "rewrite": {"path": "/{a}/{b}"}},
            (
                "/spec/rewrite/path: parameter {b} is not in 'match.path': "
                "add it there or remove it here"
            ),
        ),
        (
            {"destinations": [{"to": "a"}, {"to": "a"}]},
            (
                "/spec/destinations/1/to: destination 'a' is taken already, by item 0 of the list: "
                "choose another"
            ),
        ),
        (
            {"destinations": []},
            "/spec/destinations: [] has 0 items: write at least 1",
        ),
        (
            {"hosts": ["Example.com"]},
            (
                "/spec/hosts/0: 'Example.com' is not a host name in lower case without port, "
                "such as 'api.example.com' or '*.example.com'"
            ),
        ),
    ],
)
def test_what_a_route_cannot_say(changed: dict[str, object], message: str) -> None:
    """Each is told where it stands."""
    assert refused("Route", {**ROUTE, **changed}) == [message]


def test_weights_may_all_be_zero_or_anything() -> None:
    """They are relative; that all are zero is a finding, not a refusal."""
    assert refused("Route", {**ROUTE, "destinations": [{"to": "a", "weight": 0}]}) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"path": "/x/{path.player}"},
            "/path: the endpoint's path has no parameter {player}: use one of its own",
        ),
        (
            {"query": {"q": "{player#/id}"}},
            (
                "/query/q: 'player' is no call of an earlier stage: "
                "refer to one that is done before stage 1"
            ),
        ),
        (
            {"stage": 2, "headers": {"x-a": "{nobody#/id}"}},
            (
                "/headers/x-a: 'nobody' is no call of an earlier stage: "
                "refer to one that is done before stage 2"
            ),
        ),
        (
            {"default": 5},
            (
                "/default: a call that is not optional has no default: "
                "add 'optional: true' or remove it"
            ),
        ),
        (
            {"name": "player"},
            "/name: call 'player' is taken already, by item 0 of the list: choose another",
        ),
        (
            {"times": {"typical": 9, "max": 2}},
            "/times/max: at most 2 calls, but typically 9: raise 'max' or lower 'typical'",
        ),
        (
            {"path": "/x/{body.id}"},
            (
                "/path: '/x/{body.id}' is not a path with references, "
                "such as '/players/{path.id}' or '/scores/{player#/scoreId}'"
            ),
        ),
    ],
)
def test_what_a_call_cannot_say(changed: dict[str, object], message: str) -> None:
    """References lead to the request, or to calls that are done by then."""
    assert call(**changed) == [f"/spec/endpoints/0/calls/1{message}"]


def test_references_that_lead_somewhere_are_fine() -> None:
    """To the request's path, query and headers, and to an earlier stage."""
    assert (
        call(
            stage=2,
            path="/x/{path.id}/{player#/id}",
            query={"page": "{query.page}-{header.accept-language}"},
        )
        == []
    )


def test_output_comes_from_calls_of_the_endpoint() -> None:
    """A name that is not called has no answer."""
    assert bff(output={"score": "scores#/total"}) == [
        (
            "/spec/endpoints/0/output/score: there is no call 'scores' in this endpoint: "
            "use one of player"
        )
    ]


def test_endpoints_are_told_apart() -> None:
    """By name and by what they match."""
    endpoints = [ENDPOINT, {**ENDPOINT, "path": "/home/{other}"}]
    assert refused("Bff", {"client": "web", "endpoints": endpoints}) == [
        (
            "/spec/endpoints/1/name: endpoint 'home' is taken already, by item 0 of the list: "
            "choose another"
        ),
        (
            "/spec/endpoints/1/path: 'home' matches the same requests as 'home', GET /home/{id}, "
            "and neither is more specific: change one of them"
        ),
    ]
