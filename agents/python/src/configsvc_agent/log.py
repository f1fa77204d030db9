"""The package's logger, asked for when there is something to say.

Almost all of a service's life there is not, and importing :mod:`logging` with the package would
cost services that do not log a tenth of its import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger


def log() -> Logger:
    """The logger ``configsvc_agent``."""
    import logging  # noqa: PLC0415 - see above

    return logging.getLogger("configsvc_agent")
