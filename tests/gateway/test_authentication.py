"""Who is let in: one Authentication, with the keys in the configuration."""

import threading
import time

import pytest

from tests.gateway import tokens
from tests.gateway.scenario import SECRETS, Scenario, jwt
from tests.gateway.world import document, needs_envoy, until

pytestmark = [needs_envoy(), pytest.mark.timeout(120)]


@pytest.mark.parametrize("key", ["ed", "ec", "rsa"])
def test_takes_a_good_token_of_every_algorithm(scenario: Scenario, key: str) -> None:
    """EdDSA, ES256 and RS256; the instance sees the request."""
    answer = scenario.send(f"good-{key}", "/guarded", authorization=f"Bearer {tokens.token(key)}")
    assert (answer.status_code, scenario.attempts(f"good-{key}")) == (200, 1)


@pytest.mark.parametrize(
    ("why", "token", "status"),
    [
        ("expired", lambda: tokens.token(exp=int(time.time()) - 60), 401),
        ("without-end", lambda: tokens.token(exp=None), 401),
        ("not-yet", lambda: tokens.token(nbf=int(time.time()) + 600), 401),
        ("wrong-audience", lambda: tokens.token(aud="others"), 403),
        ("no-audience", lambda: tokens.token(aud=None), 403),
        ("wrong-issuer", lambda: tokens.token(iss="https://elsewhere.example.com"), 401),
        ("unknown-key", lambda: tokens.token("stranger"), 401),
        ("unsigned", tokens.unsigned, 401),
        ("missing-scope", lambda: tokens.token(scope="items.write"), 403),
        ("longer-scope", lambda: tokens.token(scope="items.reader xitems.read"), 403),
        ("no-scope", lambda: tokens.token(scope=None), 403),
    ],
)
def test_refuses_every_other_token(scenario: Scenario, why: str, token, status: int) -> None:  # noqa: ANN001 a maker of tokens
    """The instance sees none of these requests."""
    answer = scenario.send(why, "/guarded", authorization=f"Bearer {token()}")
    assert (answer.status_code, scenario.attempts(why)) == (status, 0)


def test_refuses_a_request_without_a_token(scenario: Scenario) -> None:
    """Nothing is let in without being asked."""
    assert scenario.send("bare", "/guarded").status_code == 401
    assert scenario.attempts("bare") == 0


def test_asks_for_no_scope_where_none_is_declared(scenario: Scenario) -> None:
    """A route's own Authentication holds for it alone."""
    bearer = f"Bearer {tokens.token(scope=None)}"
    assert scenario.send("scopeless", "/scopeless", authorization=bearer).status_code == 200


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/keys-only", SECRETS["one"], 200),
        ("/keys-only", SECRETS["two"], 403),
        ("/keys-only", SECRETS["old"], 401),
        ("/keys-only", SECRETS["one"][:-1], 401),
        ("/keys-only", "", 401),
        ("/either", SECRETS["one"], 200),
        ("/either", "wrong", 401),
    ],
)
def test_compares_api_keys_by_their_digest(
    scenario: Scenario, path: str, key: str, status: int
) -> None:
    """By whole keys of any length, their scopes and their end; only digests are configured."""
    test = f"key-{path}-{len(key)}-{key[:1]}"
    assert scenario.send(test, path, x_api_key=key).status_code == status
    assert scenario.attempts(test) == (status == 200)


def test_takes_a_token_where_either_would_do(scenario: Scenario) -> None:
    """Without a key the token decides, its scopes included; with neither nobody is let in."""
    good, poor = (f"Bearer {tokens.token(scope=each)}" for each in ("items.read", "other"))
    assert scenario.send("either-good", "/either", authorization=good).status_code == 200
    assert scenario.send("either-poor", "/either", authorization=poor).status_code == 403
    assert scenario.send("either-none", "/either").status_code == 401
    bad = f"Bearer {tokens.token('stranger')}"
    assert scenario.send("either-bad", "/either", authorization=bad).status_code == 401


def test_rotates_keys_without_a_gap(scenario: Scenario) -> None:
    """Old and new tokens work while both keys are declared; none fails on the way."""
    statuses: list[int] = []
    done = threading.Event()
    old, new = f"Bearer {tokens.token('ed')}", f"Bearer {tokens.token('next')}"

    def ask() -> None:
        while not done.is_set():
            statuses.append(scenario.send("rotating", "/rotated", authorization=old).status_code)

    scenario.at.publish([
        document("Authentication", "rotated", jwt=jwt("ed")),
        document("Route", "rotated", gateway="edge", match={"prefix": "/rotated"},
                 destinations=[{"to": "guarded"}], authentication="rotated"),
    ])  # fmt: skip
    until("the route", lambda: scenario.send("r", "/rotated", authorization=old).status_code == 200)
    asking = threading.Thread(target=ask)
    asking.start()
    scenario.at.publish([document("Authentication", "rotated", jwt=jwt("ed", "next"))])
    until("the key", lambda: scenario.send("r", "/rotated", authorization=new).status_code == 200)
    done.set()
    asking.join()
    assert set(statuses) == {200}
    scenario.at.publish([document("Authentication", "rotated", jwt=jwt("next"))])
    until("its end", lambda: scenario.send("r", "/rotated", authorization=old).status_code == 401)
    assert scenario.send("r", "/rotated", authorization=new).status_code == 200
