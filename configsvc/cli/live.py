"""A screen that is drawn anew in place, without flicker."""

import shutil
import time
from collections.abc import Callable, Sequence
from typing import Final

import click

_SYNCHRONIZED: Final = ("\x1b[?2026h", "\x1b[?2026l")
"""Between these a terminal shows nothing new; one that does not know them ignores them."""

_HOME: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K"
_REST_OF_SCREEN: Final = "\x1b[J"
_ENTER: Final = "\x1b[?1049h\x1b[?25l"
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"


def watch(
    draw: Callable[[], Sequence[str]], every: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Draw until Ctrl-C; the terminal is left as it was, with the last screen below.

    Args:
        draw: the lines of a screen; may take a while, the former stays until it is there.
        every: seconds between two drawings.
        sleep: waits so many seconds.
    """
    lines: Sequence[str] = ()
    _write(_ENTER)
    try:
        while True:
            lines = draw()
            _write(frame(lines, *shutil.get_terminal_size()))
            sleep(every)
    except KeyboardInterrupt:
        return
    finally:
        _write(_LEAVE)
        for line in lines:
            click.echo(line)


def frame(lines: Sequence[str], columns: int, rows: int) -> str:
    """The lines as one write that replaces what is there; what does not fit is counted."""
    room = max(1, rows - 1)
    shown = list(lines[:room])
    if len(lines) > room:
        shown[-1] = f"... and {len(lines) - room + 1} more"
    begin, end = _SYNCHRONIZED
    body = "\r\n".join(line[:columns] + _REST_OF_LINE for line in shown)
    return f"{begin}{_HOME}{body}{_REST_OF_SCREEN}{end}"


def _write(text: str) -> None:
    click.echo(text, nl=False, color=True)
