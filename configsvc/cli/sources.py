"""Documents in the files and folders that were named, read with progress on a terminal."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from configsvc.cli.collecting import paused
from configsvc.cli.terminal import progress
from configsvc.gitops.sources import SourceError, Sources, find

__all__ = ["NothingToReadError", "SourceError", "Sources", "load"]


class NothingToReadError(SourceError):
    """There is no file under the paths that were named."""


@paused()
def load(paths: Sequence[Path], today: date) -> Sources:
    """Read everything under the paths; what is wrong with documents is in the result.

    Args:
        paths: files, and folders that are searched for ``*.yaml``, ``*.yml`` and ``*.json``.
        today: bounds how far ahead a waiver may expire.

    Raises:
        NothingToReadError: there is no file at all.
        SourceError: a path does not exist or is of no use, or there is too much under it.
    """
    files = find(paths)
    if not files:
        named = ", ".join(map(str, paths))
        raise NothingToReadError(
            f"no *.yaml, *.yml or *.json file is in {named}: name another folder"
        )
    sources = Sources()
    for file in progress(files, "reading"):
        sources.add(file, today)
    return sources
