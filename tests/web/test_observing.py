"""What requests leave behind."""

import logging

import pytest

from tests.usecases.world import World, timeout
from tests.web.calling import Api


def test_every_answer_has_protecting_headers(api: Api) -> None:
    """Also refusals and health."""
    for path in ("graph", "/nothing", "/healthz"):
        headers = api.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_request_id_is_taken_over_if_it_is_one(api: Api) -> None:
    """A caller's id goes through; what could harm a log does not."""
    given = api.get("/healthz", headers={"X-Request-Id": "abc-1.2_3"})
    odd = api.get("/healthz", headers={"X-Request-Id": "a b"})

    assert given.headers["X-Request-Id"] == "abc-1.2_3"
    assert odd.headers["X-Request-Id"] != "a b"


def test_access_log_has_fields_and_no_secrets(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Route, status, token id, revision and problem; never the token."""
    with caplog.at_level(logging.INFO, "configsvc.web"):
        api.publish(timeout(attempt="1s"))
        api.get("changes/9", token=api.root)

    published, missing = (r for r in caplog.records if hasattr(r, "route"))
    assert (published.route, published.status, published.revision) == (
        "/v1/namespaces/<ns>/changes",
        200,
        2,
    )
    assert published.principal == api.admin_id
    assert (missing.status, missing.problem) == (404, "unknown-revision")
    assert api.root not in caplog.text


def test_metrics_count_requests_refusals_and_revisions(world: World) -> None:
    """By route template, problem code and namespace; and what the agents' processes say."""
    api = Api(world, open_metrics=True)
    api.agent_metrics = {"agents-1": {"connections": 3}}
    api.publish(timeout(attempt="1s"))
    api.get("changes/9")

    text = api.get("/metrics", token=None).get_data(as_text=True)

    route = 'route="/v1/namespaces/<ns>/changes"'
    assert f'configsvc_requests_total{{method="POST",{route},status="200"}} 1.0' in text
    assert 'configsvc_refusals_total{code="unknown-revision"} 1.0' in text
    assert 'configsvc_revisions_total{namespace="prod"} 1.0' in text
    assert "configsvc_agentgate_" in text


def test_metrics_need_a_token_off_loopback(api: Api) -> None:
    """Any operator's."""
    assert api.get("/metrics", token=None).status_code == 401
    assert api.get("/metrics").status_code == 200


def test_health_needs_no_token_and_readiness_asks_the_store(api: Api) -> None:
    """A process that lives may still not be able to serve."""
    assert api.get("/healthz", token=None).get_json() == {"status": "ok"}
    assert api.get("/readyz", token=None).status_code == 200
    api.world.store.close()
    assert api.get("/healthz", token=None).status_code == 200
    assert api.get("/readyz", token=None).status_code == 503


def test_head_and_options_are_answered(api: Api) -> None:
    """HEAD as GET without a body; OPTIONS with what is allowed."""
    head = api.call("HEAD", "resources/Timeout/default")
    options = api.call("OPTIONS", "resources/Timeout/default")

    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == api.get("resources/Timeout/default").headers["ETag"]
    assert {"GET", "PUT", "DELETE"} <= set(options.headers["Allow"].split(", "))
