"""What the gateway does with requests, asserted on what the instances saw: routes and policies."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateway.scenario import Scenario
from tests.gateway.world import needs_envoy, until

pytestmark = [needs_envoy(), pytest.mark.timeout(120)]


def test_rewrites_a_prefix_and_tells_the_callee_its_deadline(scenario: Scenario) -> None:
    """The instance sees the rewritten path, and how long it has by the operation's own limit."""
    assert scenario.send("search", "/shop/items/search").json()["path"] == "/items/search"
    assert scenario.one.headers["search"]["x-envoy-expected-rq-timeout-ms"] == "1500"
    scenario.send("item", "/shop/items/7")
    assert scenario.one.headers["item"]["x-envoy-expected-rq-timeout-ms"] == "2000"


def test_rewrites_a_template_with_its_parameters(scenario: Scenario) -> None:
    """Parameters land where the new path has them, in any order."""
    assert scenario.send("renamed", "/old/7/parts/a").json()["path"] == "/new/a/of/7"


def test_picks_by_host_and_header_in_the_order_of_priority(scenario: Scenario) -> None:
    """A route of higher priority wins where its host or header is there."""
    other = scenario.other.address
    assert scenario.send("h1", "/shop/items/1").json()["at"] == scenario.one.address
    assert scenario.send("h2", "/shop/items/1", host="a.example.com").json()["at"] == other
    assert scenario.send("h3", "/shop/items/1", x_beta="yes").json()["at"] == other
    assert scenario.send("h4", "/nowhere").status_code == 404


def test_divides_requests_by_weight(scenario: Scenario) -> None:
    """Three of four requests go to the destination of weight three, and none is lost."""
    for _ in range(100):
        assert scenario.send("weights", "/weighted").status_code == 200
    assert 50 < scenario.one.seen["weights"] < 96
    assert scenario.attempts("weights") == 100


def test_repeats_what_failed_up_to_the_declared_attempts(scenario: Scenario) -> None:
    """Three attempts in all; a success ends it."""
    assert scenario.send("thrice", "/retried?fail=503").status_code == 503
    assert scenario.attempts("thrice") == 3
    assert scenario.send("twice", "/retried?fail=500&once=1").status_code == 200
    assert scenario.attempts("twice") == 2


def test_repeats_no_client_error(scenario: Scenario) -> None:
    """A status that is not in `retryOn` is the answer."""
    assert scenario.send("no-retry", "/retried?fail=404").status_code == 404
    assert scenario.attempts("no-retry") == 1


@pytest.mark.parametrize(
    ("method", "path", "headers", "attempts"),
    [
        ("POST", "/retried", {}, 1),
        ("PUT", "/retried", {}, 3),
        ("POST", "/retried", {"idempotency_key": "k"}, 1),
        ("POST", "/keyed", {}, 1),
        ("POST", "/keyed", {"idempotency_key": "k"}, 3),
    ],
)
def test_repeats_only_what_may_be_repeated(
    scenario: Scenario, method: str, path: str, headers: dict[str, str], attempts: int
) -> None:
    """By the method, or by an Idempotency-Key where the policy takes one."""
    test = f"safe-{method}-{path}-{len(headers)}"
    scenario.send(test, f"{path}?fail=503", method, **headers)
    assert scenario.attempts(test) == attempts


def test_repeats_an_attempt_that_took_too_long(scenario: Scenario) -> None:
    """An attempt is cut at its own limit and made again; the last one's end is a 504."""
    assert scenario.send("hung-once", "/quick?hang=1&once=1").status_code == 200
    assert scenario.attempts("hung-once") == 2
    assert scenario.send("hung", "/quick?hang=1").status_code == 504
    assert scenario.attempts("hung") == 2


def test_spends_no_more_than_the_retry_budget(scenario: Scenario) -> None:
    """Of thirty failing requests at a time, only a part is made again."""
    work = [lambda: scenario.send("budget", "/budgeted?fail=503&slow=0.3").status_code] * 30
    assert set(_at_once(work)) == {503}
    assert 30 < scenario.attempts("budget") < 60


def test_lets_no_more_in_than_the_bulkhead_holds(scenario: Scenario) -> None:
    """The third request at a time is refused at once, and no instance sees it."""
    scenario.one.release.clear()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(scenario.send, "held", "/full?hang=1") for _ in range(2)]
        until("two requests", lambda: scenario.attempts("held") == 2)
        assert scenario.send("held", "/full").status_code == 503
        scenario.one.release.set()
        assert [each.result().status_code for each in waiting] == [200, 200]
    assert scenario.attempts("held") == 2


def test_ejects_instances_by_their_share_of_failures(scenario: Scenario) -> None:
    """Once the breaker is open for every instance, no request reaches any of them."""

    def is_open() -> bool:
        before = scenario.attempts("ejected")
        scenario.send("ejected", "/broken?fail=500")
        return scenario.attempts("ejected") == before

    until("the breaker to open", is_open)
    answer = scenario.send("ejected", "/broken")
    assert (answer.status_code, answer.text) == (503, "no healthy upstream")


def test_limits_by_a_shared_bucket_and_by_a_key(scenario: Scenario) -> None:
    """Each tenant has a bucket, and all of them the one of the route."""
    answers = [scenario.send("limit", "/limited", x_tenant="a").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    assert scenario.send("limit", "/limited", x_tenant="b").status_code == 200
    others = [scenario.send("limit", "/limited", x_tenant=f"c{n}").status_code for n in range(6)]
    assert (others[0], others[-1]) == (200, 429)


def test_takes_no_orders_from_clients(scenario: Scenario) -> None:
    """Headers by which Envoy would change its policies are taken away, whoever sends them."""
    scenario.send(
        "orders", "/shop/items/1?fail=503", x_envoy_max_retries="5", x_envoy_retry_on="5xx",
        x_envoy_upstream_rq_timeout_ms="60000", x_envoy_expected_rq_timeout_ms="99999",
    )  # fmt: skip
    assert scenario.attempts("orders") == 1
    seen = scenario.one.headers["orders"]
    assert seen["x-envoy-expected-rq-timeout-ms"] == "2000"
    assert "x-envoy-max-retries" not in seen


def test_logs_requests_as_json_without_their_query(scenario: Scenario) -> None:
    """One line a request, with the route and the number of attempts."""
    scenario.send("logged", "/retried/logged?fail=503&secret=1")
    line = until("the log", lambda: _line(scenario, "/retried/logged"))
    assert '"attempts":3' in line
    assert '"route":"retried/retried/*"' in line
    assert "secret" not in line


def _line(scenario: Scenario, text: str) -> str | None:
    lines = scenario.edge.requests.read_text().splitlines()
    return next((line for line in lines if text in line), None)


def _at_once(work: list[Callable[[], int]]) -> list[int]:
    """The results of calls that start together."""
    barrier = threading.Barrier(len(work))

    def run(each: Callable[[], int]) -> int:
        barrier.wait()
        return each()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))
