"""Good answers are kept by request, bounded in number and age."""

from __future__ import annotations

from configsvc_agent.engine.lastgood import MAX_ANSWERS, LastGood


def test_answer_is_found_by_its_request_alone() -> None:
    """Another request gets nothing; an answer may itself be None."""
    good = LastGood()
    good.keep("/scores/1", None, 0)
    assert good.find("/scores/1", None, 10**9) == (None,)
    assert good.find("/scores/2", None, 0) is None


def test_answer_expires_after_its_age() -> None:
    """Exactly max_age is young enough."""
    good = LastGood()
    good.keep("r", "answer", 100)
    assert good.find("r", 50, 150) == ("answer",)
    assert good.find("r", 50, 151) is None


def test_oldest_answers_make_room() -> None:
    """A refreshed answer outlives those not refreshed."""
    good = LastGood()
    for request in range(MAX_ANSWERS):
        good.keep(request, request, request)
    good.keep(0, "new", MAX_ANSWERS)
    good.keep("one more", 1, MAX_ANSWERS)
    assert good.find(0, None, MAX_ANSWERS) == ("new",)
    assert good.find(1, None, MAX_ANSWERS) is None


def test_snapshot_brings_the_answers_back() -> None:
    """With their age."""
    good = LastGood()
    good.keep("r", "answer", 100)
    restored = LastGood.restore(good.snapshot())
    assert restored.find("r", 50, 150) == ("answer",)
    assert restored.find("r", 50, 151) is None
