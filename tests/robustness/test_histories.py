"""The checker of histories sees each violation that is put into one."""

import pytest

from tests.robustness.histories import Seen, violations

COMMITTED = {1: "10", 2: "20", 3: "30"}


@pytest.mark.parametrize(
    ("history", "broken"),
    [
        ([(1, "10"), (2, "20"), (3, "30")], []),
        ([(1, "10"), (3, "30")], []),
        ([(2, "20"), (1, "10"), (3, "30")], ["ordered"]),
        ([(1, "10"), (3, "30"), (3, "30")], ["unique"]),
        ([(1, "10"), (2, "30"), (3, "30")], ["atomic"]),
        ([(1, "10"), (3, "30"), (4, "40")], ["atomic"]),
        ([(1, "10"), (2, "20")], ["reliable"]),
        ([], ["reliable"]),
    ],
    ids=str,
)
def test_seeded_violations_are_found(history: list[tuple[int, str]], broken: list[str]) -> None:
    """A version may be skipped, because a newer one took its place; nothing else may happen."""
    assert violations([Seen(*each) for each in history], COMMITTED) == broken
