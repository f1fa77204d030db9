"""Single resources over HTTP."""

import pytest

from configsvc.access import Role
from tests.usecases.world import BROKEN_TIMEOUT, Json, document, service, timeout
from tests.web.calling import Api

PATH = "resources/Timeout/default"
NEW = {"If-None-Match": "*"}


def etag(api: Api, path: str = PATH) -> str:
    """The present ETag of a resource."""
    return api.get(path).headers["ETag"]


def put(api: Api, body: Json, path: str = PATH, **headers: str) -> tuple[int, Json]:
    """Write a resource."""
    found = api.call("PUT", path, body, headers=headers)
    return found.status_code, found.get_json()


def test_resource_comes_with_document_and_etag(api: Api) -> None:
    """The ETag is the digest, and a caller who has it is sent nothing."""
    found = api.get(PATH)
    body = found.get_json()

    assert body["document"]["spec"]["attempt"] == "500ms"
    assert (body["kind"], body["name"], body["revision"]) == ("Timeout", "default", 1)
    assert found.headers["ETag"] == f'"{body["digest"]}"'
    again = api.get(PATH, headers={"If-None-Match": f'"other", {found.headers["ETag"]}'})
    assert (again.status_code, again.data) == (304, b"")


def test_put_with_the_seen_etag_replaces(api: Api) -> None:
    """The answer has the new revision and the new ETag."""
    seen = etag(api)
    written = api.call("PUT", PATH, timeout(attempt="1s"), headers={"If-Match": seen})

    assert (written.status_code, written.get_json()["revision"]) == (200, 2)
    assert written.headers["ETag"] == etag(api) != seen


def test_put_of_what_is_absent_creates(api: Api) -> None:
    """201, and the ETag to go on with."""
    written = api.call(
        "PUT", "resources/Timeout/new", timeout("new", "1s", to="score"), headers=NEW
    )

    assert written.status_code == 201
    assert written.headers["ETag"] == etag(api, "resources/Timeout/new")


def test_put_of_yaml(api: Api) -> None:
    """A document may be sent as people write it."""
    text = (
        "apiVersion: configsvc/v1\nkind: Timeout\nmetadata: {name: new}\n"
        "spec:\n  target: {to: score}\n  attempt: 250ms  # quick\n"
    )
    written = api.call(
        "PUT",
        "resources/Timeout/new",
        data=text.encode(),
        content_type="application/yaml",
        headers=NEW,
    )

    assert written.status_code == 201
    found = api.get("resources/Timeout/new").get_json()
    assert found["document"]["spec"]["attempt"] == "250ms"


def test_unchanged_put_makes_no_revision(api: Api) -> None:
    """And still answers with the ETag."""
    seen = etag(api)
    written = api.call("PUT", PATH, timeout(), headers={"If-Match": seen})

    assert (written.status_code, written.get_json()["changed"]) == (200, False)
    assert written.headers["ETag"] == seen


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "precondition-required"),
        ({"If-Match": f'"{"0" * 64}"'}, 412, "precondition-failed"),
        ({"If-Match": "bare"}, 400, "malformed-request"),
        ({"If-Match": 'W/"weak"'}, 400, "malformed-request"),
        ({"If-Match": '"a", "b"'}, 400, "malformed-request"),
        ({"If-None-Match": '"a"'}, 400, "malformed-request"),
        ({"If-Match": '"a"', "If-None-Match": "*"}, 400, "malformed-request"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_write_needs_a_condition_that_holds(
    api: Api, method: str, headers: dict[str, str], status: int, code: str
) -> None:
    """Without one, with another, or with none that can be read, nothing is written."""
    body = timeout(attempt="1s") if method == "PUT" else None
    refused = api.call(method, PATH, body, headers=headers)

    assert (refused.status_code, refused.get_json()["code"]) == (status, code)
    assert api.world.revision == 1


def test_creation_does_not_overwrite_and_nothing_is_deleted_that_is_absent(api: Api) -> None:
    """What should be absent and is there, and the reverse."""
    status, _ = put(api, timeout(attempt="1s"), **NEW)
    absent = api.call("DELETE", "resources/Retry/x", headers={"If-Match": etag(api)})
    senseless = api.call("DELETE", PATH, headers=NEW)

    assert (status, absent.status_code, senseless.status_code) == (412, 412, 400)


def test_failed_condition_tells_both_digests(api: Api) -> None:
    """What was expected, and what is there."""
    status, body = put(api, timeout(attempt="1s"), **{"If-Match": f'"{"0" * 64}"'})

    assert status == 412
    assert (body["expected"], f'"{body["seen"]}"') == ("0" * 64, etag(api))


def test_delete_removes(api: Api) -> None:
    """A deleted resource is gone, and its revision is told."""
    api.publish(timeout("extra", "400ms", to="score"))
    path = "resources/Timeout/extra"
    deleted = api.call("DELETE", path, headers={"If-Match": etag(api, path)})

    assert (deleted.status_code, deleted.get_json()["revision"]) == (200, 3)
    assert api.get(path).get_json()["code"] == "unknown-resource"
    assert api.get(f"{path}?revision=2").status_code == 200


def test_dry_run_writes_nothing(api: Api) -> None:
    """The preview says what would happen to which edges."""
    status, body = put(api, timeout(attempt="1s"), f"{PATH}?dryRun=true", **{"If-Match": etag(api)})

    assert (status, body["publishable"], body["edgesTotal"]) == (200, True, 1)
    assert body["edges"][0]["fields"][0]["after"] == "1s"
    assert api.world.revision == 1


def test_misspelt_dry_run_does_not_publish(api: Api) -> None:
    """A query that the route does not know is refused, not passed over."""
    for query in ("dryrun=true", "dryRun=yes", "dryRun=true&dryRun=true"):
        status, body = put(api, timeout(attempt="1s"), f"{PATH}?{query}", **{"If-Match": etag(api)})
        assert (status, body["code"]) == (400, "malformed-request")
    assert api.world.revision == 1


def test_message_is_kept_or_made_up(api: Api) -> None:
    """History says why, in any script."""
    put(api, timeout(attempt="1s"), f"{PATH}?message=weil+süß", **{"If-Match": etag(api)})
    put(api, timeout(attempt="2s"), **{"If-Match": etag(api)})

    messages = [item["message"] for item in api.get("changes").get_json()["items"]]
    assert messages[:2] == ["Put Timeout/default", "weil süß"]


def test_gate_refuses_with_findings(api: Api) -> None:
    """422 with the finding, its arithmetic, witness and fix."""
    status, body = put(api, BROKEN_TIMEOUT, **{"If-Match": etag(api)})

    assert (status, body["code"]) == (422, "refused-by-findings")
    (finding,) = body["findings"]
    assert finding["code"] == "RT01"
    assert {"witness", "fix", "places", "arguments"} <= finding.keys()
    assert api.world.revision == 1


def test_other_managers_resources_are_taken_over_on_demand(api: Api) -> None:
    """409 without `takeOver=true`."""
    managed = document("Timeout", "default", timeout()["spec"], manager="folder:git")
    api.world.publish(managed, writer="folder:git", take_over=True)

    status, body = put(api, timeout(attempt="1s"), **{"If-Match": etag(api)})
    assert (status, body["code"]) == (409, "managed-elsewhere")
    status, body = put(api, managed, f"{PATH}?takeOver=true", **{"If-Match": etag(api)})
    assert (status, body["errors"][0]["pointer"]) == (422, "/metadata/manager")
    status, _ = put(api, timeout(attempt="1s"), f"{PATH}?takeOver=true", **{"If-Match": etag(api)})
    assert status == 200


def test_list_is_filtered(api: Api) -> None:
    """By kind, labels and revision; a label has its two sides."""
    api.publish(service("extra", team="x", tier="1"))

    def names(query: str) -> list[str]:
        return [item["name"] for item in api.get(f"resources?{query}").get_json()["items"]]

    assert names("kind=Timeout") == ["default"]
    assert names("label=team=x&label=tier=1") == ["extra"]
    assert names("label=team=x&label=tier=2") == []
    assert names("revision=1") == ["player", "score", "default"]
    for query in ("kind=Timeot", "label=team", "revision=0", "revision=x", "nonsense=1"):
        assert api.get(f"resources?{query}").status_code == 400


def test_viewer_reads_and_does_not_write(api: Api) -> None:
    """403 says which role is needed."""
    viewer = api.tokens[Role.VIEWER]
    refused = api.call(
        "PUT", PATH, timeout(attempt="1s"), token=viewer, headers={"If-Match": etag(api)}
    )

    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert "role editor" in refused.get_json()["detail"]
    assert api.get(PATH, token=viewer).status_code == 200
