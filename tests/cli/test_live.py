"""A screen that is drawn anew: whole frames, within the terminal, and nothing left behind."""

import pytest

from configsvc.cli.live import frame, watch


def test_a_frame_is_one_write_that_erases_what_it_does_not_cover() -> None:
    """Nothing is cleared before it is drawn over, so nothing flickers."""
    drawn = frame(["one", "two"], 80, 24)

    assert drawn == "\x1b[?2026h\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J\x1b[?2026l"
    assert "\x1b[2J" not in drawn


def test_a_frame_keeps_within_the_terminal() -> None:
    """Long lines are cut, and lines that do not fit are counted."""
    assert frame(["x" * 100], 10, 5).count("x") == 10
    assert "... and 8 more" in frame([str(number) for number in range(10)], 80, 4)


def test_ctrl_c_leaves_the_terminal_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """The last screen stays below the prompt."""
    screens = iter((["first"], ["second"]))
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            raise KeyboardInterrupt

    watch(lambda: next(screens), 2.0, nap)

    written = capsys.readouterr().out
    assert written.startswith("\x1b[?1049h")
    assert written.endswith("\x1b[?25h\x1b[?1049lsecond\n")
    assert naps == [2.0, 2.0]
