"""Bad input is refused whole: with a status, the place, what to do, and nothing written."""

from dataclasses import dataclass, field

import pytest

from configsvc.usecases.changes import MAX_RESOURCES
from tests.usecases.world import Json, document, service, timeout
from tests.web.calling import Api

NEW = {"If-None-Match": "*"}
EXPLODING = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{this}: &{this} [{', '.join([f'*{before}'] * 10)}]"
    for before, this in zip("abcdefgh", "bcdefghi", strict=True)
)


@dataclass(frozen=True)
class Bad:
    """A request that must be refused, and how."""

    method: str
    path: str
    data: bytes | Json
    status: int
    code: str
    pointer: str | None
    says: str
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    line: int | None = None


def put(data: bytes | Json, *expected: object, kind: str = "Timeout", **options: object) -> Bad:
    """A document that is written on its own."""
    return Bad("PUT", f"resources/{kind}/new", data, *expected, headers=NEW, **options)


def change(*expected: object, **parts: object) -> Bad:
    """A change."""
    return Bad("POST", "changes", {"message": "m", "base": 1, **parts}, *expected)


def yaml(text: str, *expected: object, **options: object) -> Bad:
    """A document that is written on its own, as YAML."""
    return put(text.encode(), *expected, content_type="application/yaml", **options)


def new(name: str = "new", **spec: object) -> Json:
    """A Timeout that is not there yet."""
    return document("Timeout", name, {"target": {"to": "score"}, **spec})


BIG = document(
    "Service",
    "new",
    {
        "operations": [
            {"name": f"operation-{i}", "match": {"methods": ["GET"], "path": f"/{'x' * 200}/{i}"}}
            for i in range(1000)
        ]
    },
)
HEADER = "apiVersion: configsvc/v1\nkind: Timeout\nmetadata: {name: new}\n"

CASES = {
    "invalid JSON": put(b'{"a": ', 400, "malformed-body", "", "", line=1),
    "invalid JSON of a change": Bad("POST", "changes", b"[1,", 400, "malformed-body", "", ""),
    "JSON of another shape": change(
        400, "malformed-body", "/put", "is not of type", put={"kind": "Timeout"}
    ),
    "unknown member of a change": change(
        400, "malformed-body", "", "use message, base, put", putt=[]
    ),
    "invalid YAML": yaml(HEADER + "spec: {a: ", 400, "malformed-body", "", "", line=5),
    "duplicate key in JSON": put(
        b'{"kind": "Timeout", "kind": "Retry"}', 400, "malformed-body", "/kind", "twice"
    ),
    "duplicate key in a change": Bad(
        "POST",
        "changes",
        b'{"message": "m", "base": 1, "put": [{"spec": {"a": 1, "a": 2}}]}',
        400,
        "malformed-body",
        "/put/0/spec/a",
        "twice",
    ),
    "duplicate key in YAML": yaml(
        HEADER + "kind: Retry\n", 400, "malformed-body", "/kind", "twice", line=4
    ),
    "YAML aliases that explode": yaml(
        EXPLODING, 400, "malformed-body", None, "10000 values", line=4
    ),
    "two YAML documents": yaml("a: 1\n---\nb: 2\n", 400, "malformed-body", "", "2 documents"),
    "unknown kind": change(
        422, "invalid-document", "/put/0/kind", "did you mean 'Timeout'?",
        put=[document("Timeot", "x", {})],
    ),
    "unknown kind in the path": put(new(), 404, "unknown-kind", None, "use one of", kind="Timeot"),
    "unknown field": change(
        422, "invalid-document", "/put/0/spec/atempt", "attempt", put=[new(atempt="1s")]
    ),
    "unknown field in YAML": yaml(
        HEADER + "spec:\n  target: {}\n  atempt: 1s\n",
        422, "invalid-document", "/spec/atempt", "attempt", line=6,
    ),
    "number without a unit": change(
        422, "invalid-document", "/put/0/spec/attempt", "such as '5s'", put=[new(attempt=5)]
    ),
    "wrong unit": change(
        422, "invalid-document", "/put/0/spec/attempt", "'5 years'", put=[new(attempt="5 years")]
    ),
    "out of range": change(
        422, "invalid-document", "/put/0/spec/attempts", "",
        put=[document("Retry", "new", {"target": {}, "attempts": 0, "retryOn": ["5xx"]})],
    ),
    "name that is no DNS label": change(
        422, "invalid-document", "/put/0/metadata/name", "", put=[new("Not_A_Label")]
    ),
    "name in the path that is no DNS label": Bad(
        "PUT", "resources/Timeout/Not_A_Label", new(), 422, "invalid-name", None, "DNS label",
        headers=NEW,
    ),
    "other name than the path": put(
        new("other"), 422, "invalid-document", "/metadata/name", "make both the same"
    ),
    "document over 256 KiB": put(BIG, 413, "request-too-large", None, "262144 bytes"),
    "document over 256 KiB in a change": change(
        422, "invalid-document", "/put/0", "more than 256 KiB: split it", put=[BIG]
    ),
    "body over 17 MiB": Bad(
        "POST", "changes", b" " * ((17 << 20) + 1), 413, "request-too-large", None, "split it"
    ),
    "change over 1,000 resources": change(
        413, "change-too-large", "", "at most 1000 fit in one: split it",
        put=[new(f"t{i}") for i in range(MAX_RESOURCES)], delete=["Timeout/default"],
    ),
    "list over 1,000 resources": change(
        400, "malformed-body", "/delete", "1000", delete=["Retry/x"] * (MAX_RESOURCES + 1)
    ),
    "change of nothing": change(422, "invalid-change", "", "puts and deletes nothing"),
    "change without a message": Bad(
        "POST", "changes", {"base": 1, "put": [new()]}, 400, "malformed-body", "", '"message"'
    ),
    "key that is none": change(
        400, "malformed-body", "/delete/0", "", delete=["Timeout"]
    ),
    "deletion of what is absent": change(
        422, "invalid-change", "/delete/0", "does not exist", delete=["Retry/x"]
    ),
    "other content type": put(
        b"x", 415, "unsupported-media-type", None, "application/yaml", content_type="text/plain"
    ),
    "form instead of JSON": Bad(
        "POST", "changes", b"a=1", 415, "unsupported-media-type", None, "send application/json",
        content_type="application/x-www-form-urlencoded",
    ),
}  # fmt: skip


@pytest.mark.parametrize("bad", CASES.values(), ids=CASES.keys())
def test_bad_input_is_refused_whole(api: Api, bad: Bad) -> None:
    """The status, the code, the place and the advice are right, and nothing is written."""
    sent = {"data": bad.data} if isinstance(bad.data, bytes) else {"body": bad.data}

    refused = api.call(
        bad.method, bad.path, **sent, headers=bad.headers, content_type=bad.content_type
    )

    body = refused.get_json()
    assert (refused.status_code, body["code"]) == (bad.status, bad.code), body["detail"]
    assert refused.mimetype == "application/problem+json"
    assert bad.says in str(body)
    if bad.pointer is not None:
        assert bad.pointer in [error.get("pointer") for error in body["errors"]]
    if bad.line is not None:
        assert bad.line in [error.get("line") for error in body["errors"]]
    assert api.world.revision == 1
    assert len(api.get("resources").get_json()["items"]) == 3


def test_hint_is_the_nearest_name(api: Api) -> None:
    """What was probably meant comes beside the message, for programs."""
    (error,) = api.publish(new(attemps="1s")).get_json()["errors"]

    assert (error["hint"], error["pointer"]) == ("attempt", "/put/0/spec/attemps")


def test_waiver_shorthand_has_its_own_place(api: Api) -> None:
    """An error in a waiver points into `waivers`."""
    refused = api.publish(timeout(attempt="1s"), waivers=[{"code": "RT01"}]).get_json()

    assert all(error["pointer"].startswith("/waivers/0") for error in refused["errors"])


def test_resource_that_changed_since_the_base_is_refused_with_both_sides(api: Api) -> None:
    """409 with base, head, and the documents of either side."""
    api.publish(timeout(attempt="1s"))

    refused = api.publish(timeout(attempt="700ms"), base=1)

    body = refused.get_json()
    assert (refused.status_code, body["code"]) == (409, "stale-base")
    assert (body["base"], body["head"]) == (1, 2)
    (side,) = body["resources"]
    assert (side["kind"], side["name"]) == ("Timeout", "default")
    assert side["base"]["document"]["spec"]["attempt"] == "500ms"
    assert side["head"]["document"]["spec"]["attempt"] == "1s"
    assert api.world.revision == 2


def test_deletion_of_more_than_half_needs_confirm(api: Api) -> None:
    """Refused without, and done with."""
    names = [f"s{i}" for i in range(9)]
    api.publish(*map(service, names))
    deletes = [f"Service/{name}" for name in names[:7]]

    refused = api.publish(delete=deletes)

    assert (refused.status_code, refused.get_json()["code"]) == (422, "confirmation-required")
    assert "'confirm': true" in refused.get_json()["detail"]
    assert api.world.revision == 2
    assert api.publish(delete=deletes, confirm=True).status_code == 200


def test_refusal_of_a_huge_body_is_small(api: Api) -> None:
    """What was sent is quoted in part, and of many errors the first are told."""
    wrong = {"message": "m", "base": 1, "put": ["x" * 50_000] * 200, "delete": ["y" * 1000] * 200}

    refused = api.post("changes", wrong)

    assert refused.status_code == 400
    assert len(refused.get_json()["errors"]) == 50
    assert len(refused.data) < 50_000


def test_detail_of_many_errors_tells_the_first(api: Api) -> None:
    """Three in words, all of them as data."""
    body = api.publish(*(new(f"t{i}", attempt="5") for i in range(5))).get_json()

    assert body["detail"].startswith("/put/0/spec/attempt: ")
    assert body["detail"].endswith("; and 2 more")
    assert len(body["errors"]) == 5
