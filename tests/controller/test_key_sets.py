"""Fetched key sets: published when they are new, kept when they cannot be fetched."""

import itertools
from typing import Any

import orjson

from configsvc.bundle import compile_bundle
from configsvc.controller import KeySetKeeper
from configsvc.controller.key_fetching import KeySetError
from configsvc.controller.key_sets import AGAIN
from configsvc.envoy import LISTENERS, compile_snapshot
from configsvc.store import AuditTrail, Namespaces
from configsvc.usecases import Rollback
from tests.store.fakes import FakeTokens
from tests.usecases.world import EDITOR, NAMESPACE, SYSTEM, VIEWER, World, document

URL = "https://login.example.com/keys"
EVERY = 300.0
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def key(name: str) -> dict[str, Any]:
    """A key as documents have it."""
    return {"id": name, "algorithm": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": X}}


def staff(url: str = URL, **more: object) -> dict[str, Any]:
    """Who may call: tokens of an issuer, by the keys at an address."""
    jwt = {"issuer": "https://login.example.com", "audiences": ["a"], "jwksUrl": url, **more}
    return document("Authentication", "staff", {"jwt": jwt})


class Scene:
    """A namespace with a service and a gateway that ask for tokens, and a keeper of their keys."""

    def __init__(self, **more: object) -> None:
        self.world = World()
        self.now = 0.0
        self.answers: list[list[dict[str, Any]] | str] = []
        self.asked: list[str] = []
        guarded = document("Service", "guarded", {"authentication": "staff"})
        edge = document("Gateway", "edge", {"listeners": [{"port": 80}], "authentication": "staff"})
        to = [{"to": "guarded"}]
        spec = {"gateway": "edge", "match": {"prefix": "/"}, "destinations": to}
        self.world.publish(*SYSTEM, staff(**more), guarded, edge, document("Route", "all", spec))
        namespaces = Namespaces(self.world.store, self.world.clock, FakeTokens())
        names = (f"of-keys-{number}" for number in itertools.count())
        self.audit = AuditTrail(self.world.store, lambda: next(names))
        self.keeper = KeySetKeeper(
            namespaces, self.world.plane, self._fetch, self.audit, lambda: self.now, EVERY
        )

    def _fetch(self, url: str) -> list[dict[str, Any]]:
        self.asked.append(url)
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise KeySetError(url, answer)
        return answer

    def look(self, answer: list[dict[str, Any]] | str, *, after: float = EVERY) -> None:
        """Let time pass, and the keeper look; the issuer answers so."""
        self.now += after
        self.answers = [answer]
        self.keeper.look()

    @property
    def keys(self) -> list[str]:
        """The ids of the keys that agents verify tokens with."""
        catalog = self.world.plane.inspector.workspace(VIEWER, NAMESPACE).catalog
        bundle = orjson.loads(compile_bundle(catalog, "guarded").data)
        return [each["id"] for each in bundle["inbound"]["other"]["authentication"]["jwt"]["keys"]]

    def gateway_has(self, name: str) -> bool:
        """Whether Envoys of the gateway verify tokens with a key."""
        catalog = self.world.plane.inspector.workspace(VIEWER, NAMESPACE).catalog
        snapshot = compile_snapshot(catalog, "edge", 0)
        assert snapshot is not None
        listeners = snapshot.of_kind(LISTENERS).values()
        return all(f'"kid": "{name}"'.encode() in each.data for each in listeners)

    @property
    def told(self) -> list[tuple[str, str]]:
        """What the audit trail says of key sets, oldest first."""
        entries = [entry for _, entry in self.audit.list(NAMESPACE)]
        return [
            (each.action, each.detail.get("reason", "").partition("fetched: ")[2])
            for each in reversed(entries)
            if each.action.startswith("key-set-")
        ]


def test_fetched_keys_reach_agents_and_gateways() -> None:
    """Beside those that the Authentication holds itself, by a revision of their own."""
    scene = Scene(keys=[key("own")])
    scene.look([key("b"), key("a")])
    assert scene.keys == ["own", "a", "b"]
    assert scene.gateway_has("a")
    assert scene.world.revision == 2


def test_the_same_keys_are_no_news() -> None:
    """In whatever order; they are asked for again when it is time."""
    scene = Scene()
    scene.look([key("a"), key("b")])
    scene.look([key("b"), key("a")])
    scene.keeper.look()
    assert scene.world.revision == 2
    assert scene.asked == [URL, URL]


def test_a_key_that_is_rotated_goes_with_the_set_that_lacks_it() -> None:
    """Old and new ones are good while both are in the set."""
    scene = Scene()
    seen = []
    for names in ("a", "ab", "b"):
        scene.look([key(name) for name in names])
        seen.append("".join(scene.keys))
    assert seen == ["a", "ab", "b"]


def test_what_cannot_be_fetched_leaves_the_last_keys_and_is_told_once() -> None:
    """In the audit trail, with the reason; it is tried again soon, and its end is told too."""
    scene = Scene()
    scene.look([key("a")])
    scene.look("login.example.com answered 500")
    scene.look("login.example.com answered 500", after=AGAIN)
    assert scene.keys == ["a"]
    assert scene.gateway_has("a")
    scene.look([key("a")], after=AGAIN)
    assert scene.told == [
        ("key-set-failed", "login.example.com answered 500"),
        ("key-set-renewed", ""),
    ]
    assert scene.world.revision == 2


def test_without_any_keys_nobody_is_let_in() -> None:
    """A set that was never fetched opens nothing."""
    scene = Scene()
    scene.look("no route to host")
    assert scene.keys == []


def test_keys_of_another_address_do_not_count() -> None:
    """Until those of the new one were fetched, the former issuer vouches for nobody."""
    scene = Scene()
    scene.look([key("a")])
    scene.world.publish(staff("https://other.example.com/keys"))
    assert scene.keys == []
    scene.look([key("b")])
    assert scene.keys == ["b"]


def test_a_rollback_leaves_the_keys_as_they_are() -> None:
    """Those of long ago may have been withdrawn."""
    scene = Scene()
    scene.look([key("a")])
    scene.look([key("b")])

    scene.world.publish(document("Service", "more", {}))
    scene.world.plane.rollbacks.roll_back(EDITOR, NAMESPACE, Rollback(2, "back"))
    assert scene.keys == ["b"]
