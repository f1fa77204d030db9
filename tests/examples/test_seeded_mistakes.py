"""Mistakes that people make in systems like these: exactly the rule that is meant speaks."""

from collections.abc import Callable, Mapping

import pytest

from tests.examples.systems import Change, Documents, documents_of, report_of

MISTAKES: dict[Change, tuple[str, str]] = {}
"""Each mistake with its system and the code of the rule that it breaks."""


def breaks(system: str, code: str) -> Callable[[Change], Change]:
    """List a mistake; it is a change of the documents of ``system``."""

    def listed(change: Change) -> Change:
        MISTAKES[change] = (system, code)
        return change

    return listed


@breaks("three-engines", "RT01")
def one_attempt_takes_longer_than_the_call(documents: Documents) -> None:
    """What the page of the system proposes to try."""
    documents.spec("Timeout/to-score-engine")["attempt"] = "600ms"


@breaks("three-engines", "DL01")
def the_gateway_gives_up_before_the_page(documents: Documents) -> None:
    """Front ends were to get an error sooner."""
    documents.spec("Timeout/to-web")["attempt"] = "1500ms"


@breaks("three-engines", "GW09")
def the_time_of_a_back_end_is_set_for_nobody(documents: Documents) -> None:
    """A new limit of the gateway, with a letter too many."""
    limits = {"target": {"from": "edge", "to": "webb"}, "attempt": "2s", "overall": "2s"}
    documents.add("Timeout", "edge-to-web", **limits)


@breaks("three-engines", "GW10")
def the_gateway_is_to_wait_for_room(documents: Documents) -> None:
    """A queue with a wait, as the agents have it."""
    documents.spec("Bulkhead/from-edge").update(queue=10, maxWait="100ms")


@breaks("three-engines", "BF01")
def a_page_has_less_time_than_its_player(documents: Documents) -> None:
    """The web team wants pages within half a second."""
    documents.endpoint("web", "player-page")["limit"] = "500ms"


@breaks("three-engines", "BF02")
def matches_may_take_longer_than_the_start_screen(documents: Documents) -> None:
    """More patience with what the page can do without."""
    documents.spec("Timeout/list-matches").update(attempt="2500ms", overall="2600ms")


@breaks("shop", "CG02")
def an_operation_is_renamed_and_a_caller_forgotten(documents: Documents) -> None:
    """The checkout calls what is now called otherwise."""
    documents.operation("checkout", "place-order")["calls"][2]["operation"] = "reserve-stock"


@breaks("shop", "RB08")
def slow_is_slower_than_the_limit(documents: Documents) -> None:
    """The provider got slower, so somebody raised what counts as slow, and nothing else."""
    documents.spec("CircuitBreaker/to-payments")["slowCall"]["above"] = "5s"


@breaks("shop", "RB05")
def a_breaker_waits_for_more_than_it_remembers(documents: Documents) -> None:
    """A nervous default breaker was calmed down too much."""
    documents.spec("CircuitBreaker/default")["minimumCalls"] = 200


@breaks("shop", "RT03")
def a_payment_is_repeated_without_time_for_it(documents: Documents) -> None:
    """Retries are switched on where one attempt takes all the time there is."""
    documents["Retry/payments-are-not-repeated"]["spec"] = {"target": {"to": "payments"}}


@breaks("shop", "RT03")
def an_exception_from_the_default_is_deleted(documents: Documents) -> None:
    """The default retry then reaches a page for which it was never meant."""
    del documents["Retry/nobody-repeats-the-storefront"]


@breaks("payments", "RT18")
def a_conflict_is_repeated(documents: Documents) -> None:
    """409 looked like an error worth another attempt."""
    documents.spec("Retry/default")["retryOn"].append(409)


@breaks("payments", "RL05")
def calls_queue_for_the_contract_longer_than_they_live(documents: Documents) -> None:
    """Rejections by the own limit were to go away."""
    documents.spec("RateLimit/to-acquirer")["maxWait"] = "5s"


@breaks("payments", "RB11")
def declined_cards_open_the_breaker(documents: Documents) -> None:
    """Every 4xx counts as a failure of the bank."""
    record = ["connect", "refused", "reset", "timeout", "5xx", "4xx"]
    documents.spec("CircuitBreaker/to-acquirer")["failures"] = {"record": record}


@breaks("payments", "RB02")
def an_open_breaker_is_asked_again(documents: Documents) -> None:
    """Whatever fails is repeated, the breaker's own answer included."""
    documents.spec("Retry/default")["retryOn"].append("open")


@breaks("payments", "RT15")
def all_come_back_at_once(documents: Documents) -> None:
    """Jitter was in the way of a test."""
    documents.spec("Retry/default")["backoff"]["jitter"] = "none"


@breaks("feed", "HG04")
def a_hedge_before_the_median(documents: Documents) -> None:
    """What the page of the system proposes to try."""
    documents.spec("Hedge/slow-profiles")["delay"] = "8ms"


@breaks("feed", "HG03")
def a_hedge_after_the_end(documents: Documents) -> None:
    """The deadline shrank, and the delay stayed."""
    documents.spec("Hedge/slow-profiles")["delay"] = "200ms"


@breaks("feed", "HG02")
def hedged_and_repeated(documents: Documents) -> None:
    """Somebody made time for a retry, where there is a hedge."""
    documents.spec("Timeout/to-profiles")["overall"] = "400ms"
    documents.add("Retry", "profiles", target={"to": "profiles"}, attempts=2)
    documents.spec("Retry/profiles")["budget"] = {"ratio": "10%"}


@breaks("feed", "AM05")
def a_floor_above_the_ratio(documents: Documents) -> None:
    """A hundred retries a second sounded little, and there are two dozen processes."""
    documents.spec("Retry/to-timelines")["budget"]["minPerSecond"] = 100


@breaks("feed", "RT21")
def a_stream_with_a_deadline(documents: Documents) -> None:
    """Every call has to have a deadline, said the guideline."""
    documents.spec("Timeout/a-stream-goes-on")["overall"] = "1h"


@breaks("monolith", "GW03")
def a_limit_that_has_another_name(documents: Documents) -> None:
    """The route was copied from another system."""
    documents.spec("Route/customers")["rateLimits"] = ["per-user"]


@breaks("monolith", "GW07")
def the_new_part_is_switched_off_by_weight(documents: Documents) -> None:
    """Both weights were set to 0, each by somebody else."""
    for destination in documents.spec("Route/quotes")["destinations"]:
        destination["weight"] = 0


@breaks("monolith", "RB06")
def a_window_shorter_than_two_reports(documents: Documents) -> None:
    """The window of all other breakers was copied to the slowest callee."""
    documents.spec("CircuitBreaker/to-monolith")["window"] = {"kind": "time", "size": "30s"}


@breaks("monolith", "SC02")
def two_teams_write_one_limit(documents: Documents) -> None:
    """Both say how long a call of the new part may take."""
    documents.add("Timeout", "sales", target={"to": "quotes"}, attempt="2600ms")


@breaks("monolith", "GW01")
def a_catch_all_that_comes_first(documents: Documents) -> None:
    """One route gets a priority because it did not match, and takes what it did not mean to."""
    documents.spec("Route/everything-else")["match"] = {"prefix": "/customers"}
    documents.spec("Route/everything-else")["priority"] = 10


@breaks("mobile", "BF02")
def nothing_stands_in_for_an_optional_part(documents: Documents) -> None:
    """What the page of the system proposes to try."""
    del documents.endpoint("mobile", "home")["calls"][2]["default"]
    del documents["Fallback/no-offers"]


@breaks("mobile", "BF02")
def an_optional_part_holds_the_screen_up(documents: Documents) -> None:
    """Offers became slow, and got more time."""
    documents.spec("Timeout/to-offers").update(attempt="1200ms", overall="1300ms")


@breaks("mobile", "BF01")
def a_screen_without_time_for_its_parts(documents: Documents) -> None:
    """The screen was to be faster, and its parts were forgotten."""
    documents.endpoint("mobile", "home")["limit"] = "500ms"


@breaks("mobile", "BH01")
def a_bulkhead_for_another_load(documents: Documents) -> None:
    """A small default was enough when there were few users."""
    documents.spec("Bulkhead/default")["maxConcurrent"] = 2


@breaks("mobile", "RT12")
def retries_switched_off_in_half(documents: Documents) -> None:
    """Attempts were set to 1, and what is written about them stayed."""
    documents.spec("Retry/from-mobile")["attempts"] = 1


@breaks("mobile", "RT17")
def a_message_is_sent_twice(documents: Documents) -> None:
    """Somebody made time for a second attempt, and found the switch that allows it."""
    target = {"to": "messages", "operation": "send-message"}
    documents.add("Retry", "send", target=target, attempts=2, nonIdempotent="always")
    documents.spec("Timeout/send-message")["overall"] = "1150ms"
    documents.endpoint("mobile", "send").update(limit="1300ms", slo="1400ms")


@pytest.mark.parametrize("change", MISTAKES, ids=lambda change: change.__name__)
def test_the_rule_that_is_meant_speaks_and_no_other(change: Change) -> None:
    """One mistake in a system as it should be gives findings of one rule."""
    system, code = MISTAKES[change]
    documents = documents_of(system)
    change(documents)
    assert {finding.code for finding in report_of(documents).findings} == {code}


def test_each_system_has_its_mistakes() -> None:
    """Each of the five systems is tried with at least three mistakes."""
    counts: Mapping[str, list[str]] = {}
    for system, code in MISTAKES.values():
        counts.setdefault(system, []).append(code)  # type: ignore[attr-defined]
    assert all(len(counts[s]) >= 3 for s in ("shop", "payments", "feed", "monolith", "mobile"))
