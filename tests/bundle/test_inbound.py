"""A service's own side in its bundle."""

from configsvc.bundle.inbound import encode_authentication, encode_inbound
from configsvc.model.names import Kind
from configsvc.model.policies import Rate, Target
from configsvc.model.trust import ApiKey, Authentication, Jwt, JwtKey
from configsvc.resolve import Catalog
from tests.resolve.making import bff, endpoint, operation, policy, service


def test_operations_and_the_rest_have_their_own_rules() -> None:
    """A limit of one operation holds for it alone; a call that matches none has the rest."""
    catalog = Catalog.of(
        [
            service("a", operation("x", limit=700), operation("y")),
            policy(
                Kind.RATE_LIMIT,
                "ours",
                Target(None, "a", "x"),
                {"rate": Rate(5, 1000), "scope": "operation"},
                side="callee",
            ),
        ]
    )
    found = encode_inbound(catalog, catalog.nodes["a"])
    x, y = found["operations"]
    assert (x["name"], x["limit"], [limit["name"] for limit in x["rateLimits"]]) == (
        "x",
        700,
        ["ours"],
    )
    assert "limit" not in y
    assert y["rateLimits"] == found["other"]["rateLimits"] == []


def test_a_bff_enforces_its_own_side_too() -> None:
    """Its endpoints are its operations, in matching order."""
    catalog = Catalog.of([bff("web", endpoint("home"))])
    (home,) = encode_inbound(catalog, catalog.nodes["web"])["operations"]
    assert home["match"] == {"methods": ("GET",), "path": "/home"}


def test_public_keys_and_digests_are_inline() -> None:
    """Agents get what they need to check a caller, and no address to fetch keys from."""
    jwt = Jwt(
        "https://issuer.example",
        ("api",),
        (JwtKey("k1", "ES256", '{"crv":"P-256","kty":"EC"}', "2030-01-01T00:00:00Z"),),
        jwks_url="https://issuer.example/keys",
        leeway=5,
    )
    keys = (ApiKey("one", "1" * 64, ("read",)),)
    assert encode_authentication(Authentication(jwt, keys, scopes=("play",))) == {
        "jwt": {
            "issuer": "https://issuer.example",
            "audiences": ("api",),
            "keys": [
                {
                    "id": "k1",
                    "algorithm": "ES256",
                    "jwk": {"crv": "P-256", "kty": "EC"},
                    "notAfter": "2030-01-01T00:00:00Z",
                }
            ],
            "leeway": 5,
        },
        "apiKeyHeader": "x-api-key",
        "apiKeys": [{"id": "one", "sha256": "1" * 64, "scopes": ("read",)}],
        "scopes": ("play",),
    }


def test_an_unknown_authentication_is_written_as_one_that_accepts_nobody() -> None:
    """The bundle asks for a caller that nobody can be."""
    catalog = Catalog.of([service("a", authentication="ghost")])
    rules = encode_inbound(catalog, catalog.nodes["a"])["other"]
    assert rules["authentication"] == {"apiKeyHeader": "x-api-key", "apiKeys": [], "scopes": ()}
