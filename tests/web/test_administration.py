"""Namespaces, audit trails, tokens and the fleet over HTTP."""

import pytest

from configsvc.access import Role
from configsvc.fleet import AgentRow, FleetAnswer
from configsvc.registry import Instance, records
from configsvc.store import layout
from tests.usecases.world import NAMESPACE, service, timeout
from tests.web.calling import Api


class TestNamespaces:
    """Where namespaces stand, and their settings."""

    def test_reader_sees_the_own_ones(self, api: Api) -> None:
        """Others are not listed."""
        body = {"message": "m", "base": 0, "put": [service("x")]}
        api.post("/v1/namespaces/dev/changes", body, token=api.root)

        def names(token: str) -> list[str]:
            items = api.get("/v1/namespaces", token=token).get_json()["items"]
            return [item["name"] for item in items]

        assert names(api.tokens[Role.VIEWER]) == [NAMESPACE]
        assert names(api.root) == ["dev", NAMESPACE]

    def test_namespace_without_changes_is_at_zero(self, api: Api) -> None:
        """Which is the base of its first change."""
        found = api.get("/v1/namespaces/dev", token=api.root).get_json()

        assert found == {"name": "dev", "revision": 0, "epoch": None, "strict": False}

    def test_namespace_becomes_strict(self, api: Api) -> None:
        """By an admin, whole, and in the audit trail."""
        path = f"/v1/namespaces/{NAMESPACE}"

        assert api.call("PUT", path, {"strict": True}).get_json()["strict"] is True
        assert api.get(path).get_json()["strict"] is True
        assert api.get("audit").get_json()["items"][0]["action"] in {"settings", "publish"}
        assert api.call("PUT", path, {}).status_code == 400
        editor = api.tokens[Role.EDITOR]
        assert api.call("PUT", path, {"strict": False}, token=editor).status_code == 403

    def test_name_that_is_none_is_refused(self, api: Api) -> None:
        """Whatever the path is about."""
        for path in ("No", "a_b", "-a", "x" * 64):
            refused = api.get(f"/v1/namespaces/{path}/graph", token=api.root)
            assert refused.get_json()["code"] == "invalid-name"


def test_audit_is_paged(api: Api) -> None:
    """The cursor leads to older acts; others' cursors are refused."""
    for milliseconds in (101, 102):
        api.world.clock.advance(1000)
        api.publish(timeout(attempt=f"{milliseconds}ms"))

    first = api.get("audit?limit=2").get_json()
    second = api.get(f"audit?limit=2&before={first['next']}").get_json()

    assert [item["revision"] for item in first["items"]] == [3, 2]
    assert all(item["time"] < first["items"][1]["time"] for item in second["items"])
    assert first["items"][0]["actor"] == "admin"
    for cursor in ("x", "../head", "0" * 16, f"{'0' * 16}-a/b"):
        assert api.get(f"audit?before={cursor}").status_code == 400


class TestTokens:
    """Minting, listing and revoking."""

    def test_minted_token_works_and_is_listed_without_its_secret(self, api: Api) -> None:
        """201, and its text in this answer alone."""
        minted = api.post("/v1/tokens", {"grants": {NAMESPACE: "viewer"}, "label": "ci"})

        body = minted.get_json()
        assert minted.status_code == 201
        assert api.get("graph", token=body["token"]).status_code == 200
        listed = api.get("/v1/tokens").get_data(as_text=True)
        assert body["id"] in listed
        assert body["token"].rpartition("_")[2] not in listed

    def test_agents_token_is_refused_on_this_plane(self, api: Api) -> None:
        """The two kinds are not interchangeable."""
        body = {"agent": {"namespace": NAMESPACE, "service": "player"}}
        token = api.post("/v1/tokens", body).get_json()["token"]

        refused = api.get("graph", token=token)

        assert (refused.status_code, refused.get_json()["code"]) == (401, "unauthenticated")

    def test_revoked_token_is_refused(self, api: Api) -> None:
        """From the next request on."""
        body = api.post("/v1/tokens", {"grants": {NAMESPACE: "viewer"}}).get_json()

        revoked = api.call("DELETE", f"/v1/tokens/{body['id']}").get_json()

        assert revoked["revoked"] == "2023-11-14T22:13:20.000Z"
        assert api.get("graph", token=body["token"]).status_code == 401
        missing = api.call("DELETE", "/v1/tokens/nothing")
        assert missing.get_json()["code"] == "unknown-token"

    def test_token_may_have_an_end(self, api: Api) -> None:
        """Given as a time with its zone."""
        body = {"grants": {NAMESPACE: "viewer"}, "notAfter": "2023-11-15T00:00:00+01:00"}
        minted = api.post("/v1/tokens", body).get_json()

        assert minted["notAfter"] == "2023-11-14T23:00:00.000Z"
        api.world.clock.advance(3600 * 1_000_000)
        assert api.get("graph", token=minted["token"]).status_code == 401

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"grants": {}},
            {"grants": {NAMESPACE: "root"}},
            {"grants": {"No Name": "viewer"}},
            {"agent": {"namespace": NAMESPACE}},
            {"agent": {"namespace": NAMESPACE, "service": "A B"}},
            {"grants": {NAMESPACE: "viewer"}, "agent": {"namespace": "a", "service": "b"}},
            {"grants": {NAMESPACE: "viewer"}, "notAfter": "tomorrow"},
            {"grants": {NAMESPACE: "viewer"}, "notAfter": "2030-01-01T00:00:00"},
            {"grants": {NAMESPACE: "viewer"}, "label": "x" * 201},
        ],
    )
    def test_nonsense_is_refused(self, api: Api, body: object) -> None:
        """With 400, and no token is made."""
        before = len(api.get("/v1/tokens").get_json()["items"])

        assert api.post("/v1/tokens", body).get_json()["code"] == "malformed-body"
        assert len(api.get("/v1/tokens").get_json()["items"]) == before

    def test_admin_of_one_namespace_grants_no_other(self, api: Api) -> None:
        """Nor all of them."""
        for namespace in ("dev", "*"):
            refused = api.post("/v1/tokens", {"grants": {namespace: "viewer"}})
            assert refused.status_code == 403


class TestFleet:
    """Who runs what."""

    def test_agents_and_what_did_not_answer(self, api: Api) -> None:
        """Rows of agents, and the names of missing processes."""
        since = api.world.clock.now - 5
        row = AgentRow(NAMESPACE, "player", "p-1", "s", 1, 2, version=1, wanted_since=since)
        api.world.fleet = FleetAnswer((row,), ("agents-2",))

        found = api.get("fleet").get_json()

        (agent,) = found["items"]
        assert (agent["service"], agent["version"], agent["lag"]) == ("player", 1, 5)
        assert found["incomplete"] == ["agents-2"]

    def test_registered_instances(self, api: Api) -> None:
        """Where each serves and how it stands; its session is nobody's business."""
        one = Instance(NAMESPACE, "score", "a", "10.0.0.1:80", "1-a", 5, {"zone": "a"}, "lost")
        records(api.world.store).put(layout.instance(NAMESPACE, "score", "a"), one)

        (found,) = api.get("instances").get_json()["items"]

        assert found == {
            "service": "score",
            "id": "a",
            "address": "10.0.0.1:80",
            "labels": {"zone": "a"},
            "registered": 5,
            "state": "lost",
            "healthy": True,
        }

    def test_change_that_reached_nobody(self, api: Api) -> None:
        """Counts of zero, in the shape of any other."""
        found = api.get("changes/1/convergence").get_json()

        assert (found["revision"], found["targeted"], found["p99"]) == (1, 0, None)
        assert api.get("changes/9/convergence").status_code == 404
