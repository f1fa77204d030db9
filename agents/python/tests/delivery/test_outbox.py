"""Reports that wait: merged by digest, bounded, bound to a session."""

from __future__ import annotations

from configsvc_agent.delivery._offer import MAX_REASON, Report
from configsvc_agent.delivery._outbox import MAX_PENDING, Outbox


def report(digest: str, state: str = "applied", version: int = 1) -> Report:
    """A report about ``digest``."""
    return Report(version, digest, state)  # type: ignore[arg-type]


def connected() -> Outbox:
    """An outbox with a live session."""
    outbox = Outbox()
    outbox.connect("s1")
    return outbox


def test_the_newest_state_of_a_digest_wins() -> None:
    """What happened in between is nobody's concern any more."""
    outbox = connected()
    outbox.put(report("a", "rejected"))
    outbox.put(report("b"))
    outbox.put(report("a", "applied"))

    assert [(each.digest, each.state) for each in outbox.take()[1]] == [
        ("b", "applied"),
        ("a", "applied"),
    ]


def test_the_oldest_make_room() -> None:
    """However long the server is away, what waits is bounded."""
    outbox = connected()
    for number in range(MAX_PENDING + 2):
        outbox.put(report(str(number)))

    waiting = outbox.take()[1]
    assert len(waiting) == MAX_PENDING
    assert waiting[0].digest == "2"


def test_nothing_is_taken_without_a_session() -> None:
    """Reports wait for the next stream."""
    outbox = Outbox()
    outbox.put(report("a"))
    without = outbox.take()
    outbox.connect("s1")

    assert without == ("", ())
    assert outbox.take()[0] == "s1"


def test_what_was_replaced_while_it_was_sent_stays() -> None:
    """Only what the server has answered is forgotten."""
    outbox = connected()
    outbox.put(report("a", "applied"))
    _, sent = outbox.take()
    outbox.put(report("a", "overridden"))
    outbox.sent(sent)

    assert [each.state for each in outbox.take()[1]] == ["overridden"]


def test_forgetting_a_session_does_not_touch_the_next() -> None:
    """An answer that comes late is about the session it was for."""
    outbox = connected()
    outbox.connect("s2")
    outbox.forget_session("s1")
    outbox.put(report("a"))

    assert outbox.take()[0] == "s2"


def test_one_fetch_is_planned_at_a_time() -> None:
    """The same wish twice keeps its time; another replaces it."""
    outbox = Outbox()
    outbox.want("a", 1.0)
    outbox.want("a", 2.0)
    first = outbox.wanted()
    outbox.want("b", 3.0)
    outbox.fetched("a")

    assert (first, outbox.wanted()) == (("a", 1.0), ("b", 3.0))


def test_reasons_are_cut() -> None:
    """A report is bounded whatever a rejection has to say."""
    body = Report(1, "a", "rejected", "x" * 9999).to_json()

    assert len(str(body["reason"])) == MAX_REASON
    assert "revision" not in body


def test_what_is_due_first_takes_the_rest_along() -> None:
    """One request serves all that waits, and the next report has a time of its own."""
    outbox = connected()
    outbox.put(report("a"), due=9.0)
    outbox.put(report("b", "rejected"), due=3.0)
    outbox.put(report("c"), due=5.0)
    due = outbox.due
    outbox.sent(outbox.take()[1])
    outbox.put(report("d"), due=7.0)

    assert (due, outbox.due) == (3.0, 7.0)
