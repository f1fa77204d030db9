"""Authentication and Waiver documents."""

from datetime import date, timedelta

import pytest

from configsvc.model.quantities import Duration
from configsvc.model.trust import ApiKey, Authentication, Jwt, JwtKey, Waiver
from configsvc.schema import InvalidDocumentError, load_value, read
from tests.schema.builders import TODAY, document, refused, spec_of

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
OKP = {"kty": "OKP", "crv": "Ed25519", "x": X}
EC = {"kty": "EC", "crv": "P-256", "x": X, "y": X}
RSA = {"kty": "RSA", "n": "A" * 342, "e": "AQAB"}
JWT = {"issuer": "https://login.example.com", "audiences": ["players"]}
WAIVER = {
    "code": "RT03",
    "reason": "It moves next month.",
    "owner": "team-scores",
    "expires": "2030-01-31",
}


def key(algorithm: str, jwk: dict[str, str]) -> list[str]:
    """What is said against one key of a token's issuer."""
    keys = [{"id": "k1", "algorithm": algorithm, "jwk": jwk}]
    return refused("Authentication", {"jwt": {**JWT, "keys": keys}})


def api_key(**changed: object) -> list[str]:
    """What is said against one API key."""
    return refused("Authentication", {"apiKeys": [{"id": "k1", "sha256": SHA256, **changed}]})


def waiver(**changed: object) -> list[str]:
    """What is said against a Waiver of an edge."""
    return refused("Waiver", {**WAIVER, "edge": {"to": "score-*"}, **changed})


def test_every_part_of_an_authentication_is_read() -> None:
    """Tokens, keys by their digests, and scopes."""
    spec = {
        "jwt": {
            **JWT,
            "keys": [
                {"id": "k1", "algorithm": "EdDSA", "jwk": OKP, "notAfter": "2030-06-01T00:00:00Z"}
            ],
            "jwksUrl": "https://login.example.com:8443/keys?tenant=a",
            "leeway": "30s",
        },
        "apiKeys": [
            {"id": "partner", "sha256": SHA256, "scopes": ["a"], "notAfter": "2030-06-01T00:00:00Z"}
        ],
        "apiKeyHeader": "x-key",
        "scopes": ["players.read", "players:write"],
    }
    assert spec_of("Authentication", spec) == Authentication(
        jwt=Jwt(
            issuer="https://login.example.com",
            audiences=("players",),
            keys=(
                JwtKey(
                    "k1",
                    "EdDSA",
                    f'{{"crv":"Ed25519","kty":"OKP","x":"{X}"}}',
                    "2030-06-01T00:00:00Z",
                ),
            ),
            jwks_url="https://login.example.com:8443/keys?tenant=a",
            leeway=Duration(30_000_000),
        ),
        api_keys=(ApiKey("partner", SHA256, ("a",), "2030-06-01T00:00:00Z"),),
        api_key_header="x-key",
        scopes=("players.read", "players:write"),
    )


def test_keys_alone_are_enough() -> None:
    """Where no tokens are issued."""
    assert api_key() == []


def test_an_authentication_accepts_something() -> None:
    """Neither tokens nor keys would lock everybody out; anybody is called public."""
    assert refused("Authentication", {"scopes": ["a"]}) == [
        "/spec: 'jwt' and 'apiKeys' are missing: add at least one of them"
    ]


@pytest.mark.parametrize("missing", ["issuer", "audiences"])
def test_issuer_and_audience_are_required(missing: str) -> None:
    """A token for somebody else is no token."""
    jwt = {name: value for name, value in JWT.items() if name != missing}
    (message,) = refused("Authentication", {"jwt": {**jwt, "jwksUrl": "https://a.example/k"}})
    assert message.startswith(f"/spec/jwt: field '{missing}' is missing (")


def test_tokens_need_keys() -> None:
    """From the document or from an address."""
    assert refused("Authentication", {"jwt": JWT}) == [
        "/spec/jwt: 'keys' and 'jwksUrl' are missing: add at least one of them"
    ]


@pytest.mark.parametrize(("algorithm", "jwk"), [("EdDSA", OKP), ("ES256", EC), ("RS256", RSA)])
def test_a_key_fits_its_algorithm(algorithm: str, jwk: dict[str, str]) -> None:
    """With the members that describe a key set, too."""
    described = {"alg": algorithm, "kid": "k1", "use": "sig"}
    assert key(algorithm, jwk) == key(algorithm, {**jwk, **described}) == []


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "es256"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    """Above all those that need no key, or a secret."""
    (message,) = key(algorithm, OKP)
    assert message.startswith(f"/spec/jwt/keys/0/algorithm: '{algorithm}' is not allowed here: ")


@pytest.mark.parametrize(
    ("algorithm", "jwk", "messages"),
    [
        ("ES256", OKP, [
            ": a key for ES256 needs 'y': add it",
            "/crv: 'Ed25519' is not for ES256: write 'P-256', or change the algorithm",
            "/kty: 'OKP' is not for ES256: write 'EC', or change the algorithm",
        ]),
        ("RS256", {"kty": "RSA", "n": "A" * 342}, [": a key for RS256 needs 'e': add it"]),
        ("EdDSA", {**OKP, "y": X}, ["/y: a key for EdDSA has no 'y': remove it"]),
        ("EdDSA", {**OKP, "alg": "ES256"},
         ["/alg: 'ES256' contradicts algorithm 'EdDSA': remove it"]),
        ("RS256", {**RSA, "n": "A" * 171},
         [(f"/n: {'A' * 171!r:.60}... is not a modulus of 2048 to 8192 bits "
          "in base64url without padding")]),
    ],
)  # fmt: skip
def test_a_key_that_does_not_fit(algorithm: str, jwk: dict[str, str], messages: list[str]) -> None:
    """One algorithm is bound to one form of key."""
    assert key(algorithm, jwk) == [f"/spec/jwt/keys/0/jwk{message}" for message in messages]


@pytest.mark.parametrize("private", ["d", "p", "q", "dp", "dq", "qi", "k"])
def test_a_private_key_is_refused(private: str) -> None:
    """And its value is not repeated in the message."""
    (message,) = key("EdDSA", {**OKP, private: "secret"})
    assert message == (
        f"/spec/jwt/keys/0/jwk/{private}: unknown field '{private}': "
        "only public keys belong in a document; remove the private part"
    )


@pytest.mark.parametrize("name", ["key", "secret", "value", "plaintext", "sha_256", "password"])
def test_a_plaintext_key_is_refused(name: str) -> None:
    """Under whatever name it is written, without repeating it."""
    (message,) = api_key(**{name: "hunter2"})
    assert message == (
        f"/spec/apiKeys/0/{name}: unknown field '{name}': a key is never written in a document; "
        "write the SHA-256 of the key as 'sha256'"
    )


def test_a_key_where_its_digest_belongs_is_not_repeated() -> None:
    """The refusal may end up in a log."""
    (message,) = api_key(sha256="hunter2")
    assert message == (
        "/spec/apiKeys/0/sha256: this is not a SHA-256: write 64 lower-case hexadecimal digits, "
        "never the key itself"
    )


@pytest.mark.parametrize(
    "url",
    ["http://a.example/k", "https://user:pw@a.example/k", "https://a.example/k#x", "https:///k",
     "file:///etc/passwd", "https://a.example/ k"],
)  # fmt: skip
def test_a_key_set_comes_over_https(url: str) -> None:
    """Without credentials, which would be a secret in a document."""
    (message,) = refused("Authentication", {"jwt": {**JWT, "jwksUrl": url}})
    assert message.startswith("/spec/jwt/jwksUrl: ")


def test_ids_of_keys_are_unique() -> None:
    """A token's key ID leads to one key."""
    keys = [{"id": "k", "algorithm": "EdDSA", "jwk": OKP}] * 2
    api_keys = [{"id": "k", "sha256": SHA256}] * 2
    spec = {"jwt": {**JWT, "keys": keys}, "apiKeys": api_keys}
    assert [message.split(": ")[0] for message in refused("Authentication", spec)] == [
        "/spec/apiKeys/1/id",
        "/spec/jwt/keys/1/id",
    ]


def test_a_waiver_of_an_edge_is_read() -> None:
    """With patterns in place of names."""
    spec = {**WAIVER, "edge": {"from": "a", "to": "score-*", "operation": "get-?"}}
    assert spec_of("Waiver", spec) == Waiver(
        code="RT03",
        reason="It moves next month.",
        owner="team-scores",
        expires=date(2030, 1, 31),
        caller="a",
        callee="score-*",
        operation="get-?",
    )


def test_a_waiver_of_a_resource_is_read() -> None:
    """For findings that are about no call."""
    read_spec = spec_of("Waiver", {**WAIVER, "resource": "Route/*"})
    assert (read_spec.resource, read_spec.caller, read_spec.callee) == ("Route/*", None, None)


def test_a_waiver_is_about_one_thing() -> None:
    """An edge or a resource, not both and not neither."""
    assert waiver(resource="Route/*") == [
        "/spec: 'edge' and 'resource' exclude each other: keep one"
    ]
    assert refused("Waiver", WAIVER) == [
        "/spec: 'edge' and 'resource' are missing: add one of them"
    ]


@pytest.mark.parametrize("days", [0, 90, -400])
def test_a_waiver_may_expire_within_ninety_days_or_have_expired(days: int) -> None:
    """That one is stale is a finding, not a refusal."""
    assert waiver(expires=(TODAY + timedelta(days=days)).isoformat()) == []


def test_a_waiver_does_not_outlive_ninety_days() -> None:
    """It would be forgotten."""
    assert waiver(expires="2030-04-02") == [
        (
            "/spec/expires: 2030-04-02 is more than 90 days ahead: write 2030-04-01 or earlier, "
            "and renew the waiver if it is still needed then"
        )
    ]


def test_without_today_the_distance_is_not_checked() -> None:
    """History is read on any day."""
    value = document("Waiver", {**WAIVER, "edge": {"to": "a"}, "expires": "2099-01-01"})
    assert read(load_value(value, origin="test")).key.name == "example"
    with pytest.raises(InvalidDocumentError):
        read(load_value(value, origin="test"), today=TODAY)


@pytest.mark.parametrize("name", ["code", "reason", "owner", "expires"])
def test_a_waiver_says_why_and_by_whom(name: str) -> None:
    """Nothing is waived without a name and a reason."""
    spec = {field: value for field, value in WAIVER.items() if field != name}
    (message,) = refused("Waiver", {**spec, "edge": {"to": "a"}})
    assert message.startswith(f"/spec: field '{name}' is missing (")
