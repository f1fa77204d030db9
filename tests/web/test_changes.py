"""Changes, checks, history, differences and rollbacks over HTTP."""

from configsvc.access import Role
from tests.usecases.world import BROKEN_TIMEOUT, NAMESPACE, service, timeout, waiver_spec
from tests.web.calling import Api


def test_change_is_published_whole(api: Api) -> None:
    """Puts and deletes become one revision, whose outcome names them."""
    published = api.publish(
        service("extra"), timeout(attempt="1s"), service("player", "extra"), delete=[]
    ).get_json()

    assert (published["namespace"], published["revision"], published["changed"]) == (
        NAMESPACE,
        2,
        True,
    )
    assert [item["name"] for item in published["resources"]] == ["extra", "player", "default"]
    assert "player" in published["services"]


def test_dry_run_of_a_change(api: Api) -> None:
    """Answers as a check does, and writes nothing."""
    body = {"message": "m", "base": 1, "put": [timeout(attempt="1s")]}

    preview = api.post("changes?dryRun=true", body).get_json()

    assert preview["publishable"] is True
    assert preview["edges"][0]["bounds"]["before"]["worstCase"] == {"low": "500ms", "high": "500ms"}
    assert preview["edges"][0]["bounds"]["after"]["worstCase"] == {"low": "1s", "high": "1s"}
    (way,) = preview["bounds"]["waysIn"]
    assert (way["node"], way["operation"]) == ("player", "get")
    assert [way[side]["worstCase"]["low"] for side in ("before", "after")] == ["500ms", "1s"]
    assert api.world.revision == 1


def test_check_goes_on_past_what_is_wrong(api: Api) -> None:
    """200 with unreadable documents by pointer, and the findings of the others."""
    checked = api.post("check", {"put": [timeout("bad", "5"), BROKEN_TIMEOUT]})

    body = checked.get_json()
    assert (checked.status_code, body["publishable"]) == (200, False)
    assert [error["pointer"] for error in body["errors"]] == ["/put/0/spec/attempt"]
    assert body["blocking"] == [f"RT01 {NAMESPACE} player -> score get"]


def test_check_tells_what_only_an_admin_may_publish(api: Api) -> None:
    """An error that the change itself waives needs the right to waive."""
    body = {"put": [BROKEN_TIMEOUT], "waivers": [waiver_spec("RT01")]}

    preview = api.post("check", body, token=api.tokens[Role.VIEWER]).get_json()

    assert preview["needsWaive"] == [f"RT01 {NAMESPACE} player -> score get"]
    refused = api.post(
        "changes", {"message": "m", "base": 1, **body}, token=api.tokens[Role.EDITOR]
    )
    assert refused.status_code == 403
    assert api.post("changes", {"message": "m", "base": 1, **body}).status_code == 200


def test_check_of_a_rollout_tells_who_is_old(api: Api) -> None:
    """What is wrong only between old and new is marked, and counts."""
    callee = service("score")
    own = {"cancels": False, "honoursDeadline": False}
    callee["spec"]["operations"][0] |= own | {"ownTime": "100ms"}
    api.publish(callee)
    callee["spec"]["operations"][0] |= {"ownTime": "1s"}
    body = {"put": [callee, timeout(attempt="2s")]}

    assert api.post("check", body).get_json()["publishable"] is True
    staged = {**body, "rollout": {"stages": [{"share": "50%"}, {"share": "100%"}]}}
    preview = api.post("check", staged).get_json()
    assert preview["publishable"] is False
    assert [(f["code"], f["old"]) for f in preview["findings"] if "old" in f] == [
        ("DL01", "callers")
    ]


def test_repeated_request_is_answered_as_the_first(api: Api) -> None:
    """With an Idempotency-Key a lost answer does no harm; another request is told so."""
    body = {"message": "m", "base": 1, "put": [timeout(attempt="1s")]}
    key = {"Idempotency-Key": "once"}

    first = api.post("changes", body, headers=key).get_json()

    assert api.post("changes", body, headers=key).get_json() == first
    other = api.post("changes", {**body, "message": "n"}, headers=key)
    assert other.get_json()["code"] == "idempotency-key-reused"
    assert api.world.revision == 2
    for bad in ("", "x" * 256):
        refused = api.post("changes", body, headers={"Idempotency-Key": bad})
        assert refused.get_json()["code"] == "malformed-request"


def test_unknown_base_is_a_conflict(api: Api) -> None:
    """The store may have been set back: 409 with the head."""
    refused = api.publish(timeout(attempt="1s"), base=9)

    assert (refused.status_code, refused.get_json()["code"]) == (409, "unknown-base")
    assert refused.get_json()["head"] == 1


def test_history_is_paged(api: Api) -> None:
    """`next` of a page is `before` of the following one, and the last page has none."""
    for milliseconds in (101, 102, 103):
        api.publish(timeout(attempt=f"{milliseconds}ms"))

    first = api.get("changes?limit=3").get_json()
    second = api.get(f"changes?limit=3&before={first['next']}").get_json()

    assert [item["revision"] for item in (*first["items"], *second["items"])] == [4, 3, 2, 1]
    assert "next" not in second
    assert first["items"][0]["author"] == "admin"
    for query in ("limit=0", "limit=501", "before=0", "limit=1e3", "limit=-1", "limit=²"):
        assert api.get(f"changes?{query}").status_code == 400


def test_change_has_its_findings(api: Api) -> None:
    """The record of a change carries the report of the time."""
    record = api.get("changes/1").get_json()

    assert (record["revision"], record["message"]) == (1, "a reason")
    assert record["time"] == "2023-11-14T22:13:20.000Z"
    assert record["report"]["findings"] == []


def test_unknown_revision_is_404(api: Api) -> None:
    """Beyond the head, and beyond any number."""
    assert api.get("changes/9").get_json()["code"] == "unknown-revision"
    for path in ("changes/0", "changes/-1", "changes/x", f"changes/{10**16}"):
        assert api.get(path).status_code == 404


def test_diff_has_both_documents(api: Api) -> None:
    """0 is the empty namespace; both ends are needed."""
    api.publish(timeout(attempt="1s"))

    (item,) = api.get("diff?from=1&to=2").get_json()["items"]

    assert item["before"]["spec"]["attempt"] == "500ms"
    assert item["after"]["spec"]["attempt"] == "1s"
    assert len(api.get("diff?from=0&to=1").get_json()["items"]) == 3
    assert api.get("diff?from=1").status_code == 400
    assert api.get("diff?from=1&to=9").status_code == 404


def test_rollback_makes_a_new_revision(api: Api) -> None:
    """And a dry run says beforehand what it would change."""
    api.publish(timeout(attempt="1s"))
    body = {"to": 1, "message": "back"}

    preview = api.post("rollback?dryRun=true", {"to": 1}).get_json()
    rolled = api.post("rollback", body, headers={"Idempotency-Key": "k"}).get_json()

    assert preview["edges"][0]["fields"][0]["after"] == "500ms"
    assert rolled["revision"] == 3
    assert api.post("rollback", body, headers={"Idempotency-Key": "k"}).get_json() == rolled
    assert api.get("changes?limit=1").get_json()["items"][0]["message"] == "back (rollback to 1)"


def test_rollback_without_a_message_is_refused(api: Api) -> None:
    """As any change without one."""
    refused = api.post("rollback", {"to": 1})

    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, "/message")


def test_changes_of_another_namespace_are_forbidden(api: Api) -> None:
    """A role counts where it was granted."""
    body = {"message": "m", "base": 0, "put": [service("x")]}

    assert api.post("/v1/namespaces/dev/changes", body).status_code == 403
    assert api.get("/v1/namespaces/dev/changes").status_code == 403
    created = api.post("/v1/namespaces/dev/changes", body, token=api.root)
    assert created.get_json()["revision"] == 1
