"""What a connecting agent needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.push import Held, Need, Offer, ResumeId, need

OFFER = Offer("e1", 7, "d7", 7, 1_000)


@pytest.mark.parametrize(
    ("last_event_id", "digest", "expected"),
    [
        (None, None, Need.BUNDLE),
        ("", "d7", Need.BUNDLE),
        ("e1.7.0", "d7", Need.NOTHING),
        ("e1.7.0", None, Need.NOTHING),
        ("e1.6.0", "d7", Need.NOTHING),
        ("e1.6.0", "d6", Need.BUNDLE),
        ("e1.6.0", None, Need.BUNDLE),
        ("e1.7.0", "damaged", Need.BUNDLE),
        ("e1.8.0", "d8", Need.RESET),
        ("e1.8.0", "d7", Need.RESET),
        ("e0.7.0", "d7", Need.RESET),
        ("e0.7.0", None, Need.RESET),
        ("nonsense", "d7", Need.RESET),
    ],
)
def test_need(last_event_id: str | None, digest: str | None, expected: Need) -> None:
    """Same epoch and digest need nothing; a foreign or future id is reset; the rest is sent."""
    assert need(Held.resumed(last_event_id, digest), OFFER) is expected


def test_resume_id_round_trip() -> None:
    """What an offer is sent under is read back, dots in the epoch included."""
    offer = Offer("a.b", 3, "d", 3, 0, endpoints=9)
    assert ResumeId.parse(str(offer.resume_id)) == ResumeId("a.b", 3, 9)


@pytest.mark.parametrize(
    "text", ["", "e", "e.1", ".1.2", "e.1.x", "e.-1.2", "e.1.²", "e.1." + "9" * 40]
)
def test_foreign_id(text: str) -> None:
    """Anything else is no id of ours."""
    assert ResumeId.parse(text) is None


@given(st.text())
def test_any_text_can_be_parsed(text: str) -> None:
    """No text raises."""
    parsed = ResumeId.parse(text)
    assert parsed is None or parsed.version >= 0
