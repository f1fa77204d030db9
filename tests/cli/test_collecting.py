"""The garbage collector is held back, and let go again."""

import gc

import pytest

from configsvc.cli.collecting import paused


@paused()
def _fails() -> None:
    raise ValueError(f"collecting: {gc.isenabled()}")


def test_it_is_off_inside_and_on_afterwards() -> None:
    """Also when what runs inside fails."""
    with pytest.raises(ValueError, match="collecting: False"):
        _fails()
    assert gc.isenabled()


def test_it_stays_off_where_it_was() -> None:
    """Who has switched it off for longer finds it as it was."""
    with paused():
        with paused():
            pass
        assert not gc.isenabled()
