"""What one stream is sent, and in which order."""

from configsvc.envoy import CLUSTERS, ENDPOINTS, LISTENERS, ROUTES, Resource, Snapshot
from configsvc.xdsgate.planes import fallback, held_back
from configsvc.xdsgate.subscription import Request, Response, Subscription


def _resource(kind: str, name: str, version: str) -> Resource:
    return Resource(kind, name, version.encode(), version)


def _snapshot(version: str, *callees: str) -> Snapshot:
    return Snapshot.of(
        [
            *(_resource(CLUSTERS, each, version) for each in callees),
            *(_resource(ENDPOINTS, each, "e") for each in callees),
            _resource(LISTENERS, "edge/1", version),
            _resource(ROUTES, "edge", version),
        ]
    )


class Envoy:
    """Asks as Envoy does, and takes what it is sent until it has to wait."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.seen: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
        subscription.take(Request(CLUSTERS))
        subscription.take(Request(LISTENERS))
        subscription.take(Request(ROUTES, subscribe=("edge",)))

    def run(self) -> None:
        """Take everything that comes."""
        while (response := self.subscription.next()) is not None:
            self._take(response)

    def _take(self, response: Response) -> None:
        names = tuple(sorted(each.name for each in response.updated))
        self.seen.append((response.kind, names, response.removed))
        self.subscription.take(Request(response.kind, nonce=response.nonce))
        if response.kind == CLUSTERS:
            gone = response.removed
            self.subscription.take(Request(ENDPOINTS, subscribe=names, unsubscribe=gone))


def _settled(*callees: str) -> Envoy:
    envoy = Envoy(Subscription(delta=True))
    envoy.subscription.aim(_snapshot("1", *callees))
    envoy.run()
    assert envoy.subscription.settled
    envoy.seen.clear()
    return envoy


def test_what_is_named_comes_before_what_names_it() -> None:
    """Clusters, their endpoints, listeners, routes."""
    envoy = Envoy(Subscription(delta=True))
    envoy.subscription.aim(_snapshot("1", "a"))
    envoy.run()
    assert [kind for kind, *_ in envoy.seen] == [CLUSTERS, ENDPOINTS, LISTENERS, ROUTES]


def test_what_is_gone_is_taken_away_last() -> None:
    """Only once nothing names it any more."""
    envoy = _settled("a")
    envoy.subscription.aim(_snapshot("2", "b"))
    envoy.run()
    assert envoy.seen[0] == (CLUSTERS, ("b",), ())
    assert envoy.seen[-1] == (CLUSTERS, (), ("a",))
    assert envoy.subscription.settled


def test_nothing_follows_before_the_answer() -> None:
    """A second response of a kind, and whatever names it, waits for the first one's."""
    envoy = _settled("a")
    envoy.subscription.aim(_snapshot("2", "a"))
    first = envoy.subscription.next()
    assert first is not None
    assert first.kind == CLUSTERS
    second = envoy.subscription.next()
    assert second is not None
    assert second.kind == ENDPOINTS
    assert envoy.subscription.next() is None


def test_endpoints_come_before_the_answer_and_again_with_their_cluster() -> None:
    """Envoy keeps its answer back until an updated cluster has endpoints, which it never asks for.

    Listeners and routes wait for both.
    """
    subscription = _settled("a", "b").subscription
    subscription.aim(
        Snapshot.of(
            [
                *(_resource(CLUSTERS, name, "2") for name in ("a/get", "a")),
                *(_resource(ENDPOINTS, name, "e") for name in "ab"),
                *(_resource(CLUSTERS, "b", "1"), _resource(LISTENERS, "edge/1", "2")),
                _resource(ROUTES, "edge", "1"),
            ]
        )
    )
    clusters, endpoints = subscription.next(), subscription.next()
    assert clusters is not None
    assert endpoints is not None
    assert [each.name for each in clusters.updated] == ["a/get", "a"]
    assert (endpoints.kind, [each.name for each in endpoints.updated]) == (ENDPOINTS, ["a"])
    assert subscription.next() is None
    for response in (endpoints, clusters):
        subscription.take(Request(response.kind, nonce=response.nonce))
    listeners = subscription.next()
    assert listeners is not None
    assert listeners.kind == LISTENERS


def test_a_refused_version_is_named_and_the_one_before_stays() -> None:
    """The culprit is who stands in Envoy's reason; the client keeps what it had of it."""
    envoy = _settled("a", "b")
    envoy.subscription.aim(_snapshot("2", "a", "b"))
    response = envoy.subscription.next()
    assert response is not None
    error = "Error adding/updating cluster(s) b: no"
    refused = envoy.subscription.take(Request(CLUSTERS, nonce=response.nonce, error=error))
    assert refused == {(CLUSTERS, "b"): "2"}
    envoy.subscription.aim(_snapshot("1", "a", "b"))
    envoy.run()
    assert [names for kind, names, _ in envoy.seen if kind == CLUSTERS] == [("a",)]
    assert envoy.subscription.settled


def test_a_client_that_comes_back_is_sent_what_differs() -> None:
    """By the versions that it says it has."""
    subscription = Subscription(delta=True)
    subscription.take(Request(CLUSTERS, held={"a": "1", "b": "0", "c": "1"}))
    subscription.aim(_snapshot("1", "a", "b"))
    response = subscription.next()
    assert response is not None
    assert [each.name for each in response.updated] == ["b"]


def test_the_whole_state_keeps_what_is_still_named() -> None:
    """State of the world: a cluster stays in the list until its removal is due."""
    subscription = Subscription(delta=False)
    subscription.take(Request(CLUSTERS, names=()))
    subscription.aim(Snapshot.of([_resource(CLUSTERS, "a", "1")]))
    first = subscription.next()
    assert first is not None
    subscription.take(Request(CLUSTERS, names=(), nonce=first.nonce))
    subscription.aim(Snapshot.of([_resource(CLUSTERS, "b", "1")]))
    second = subscription.next()
    assert second is not None
    assert sorted(each.name for each in second.whole) == ["a", "b"]
    subscription.take(Request(CLUSTERS, names=(), nonce=second.nonce))
    third = subscription.next()
    assert third is not None
    assert [each.name for each in third.whole] == ["b"]


def test_a_snapshot_with_a_refused_resource_is_held_back() -> None:
    """In that version alone; the newest one accepted takes its place, with today's endpoints."""
    refused = {(LISTENERS, "edge/1"): "2"}
    assert held_back(_snapshot("2", "a"), refused) == ((LISTENERS, "edge/1"),)
    assert held_back(_snapshot("3", "a"), refused) == ()
    found = fallback(_snapshot("2", "a"), refused, None, _snapshot("1", "a"))
    assert found is not None
    assert found.version == _snapshot("1", "a").version
