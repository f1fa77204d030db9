"""Documents in the files and folders that were named, read with progress on a terminal."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from configsvc.cli.terminal import progress
from configsvc.gitops.sources import SourceError, Sources, find

__all__ = ["SourceError", "Sources", "load"]


def load(paths: Sequence[Path], today: date) -> Sources:
    """Read everything under the paths; what is wrong with documents is in the result.

    Args:
        paths: files, and folders that are searched for ``*.yaml``, ``*.yml`` and ``*.json``.
        today: bounds how far ahead a waiver may expire.

    Raises:
        SourceError: a path does not exist or is of no use, or there is no file at all.
    """
    files = find(paths)
    if not files:
        named = ", ".join(map(str, paths))
        raise SourceError(f"no *.yaml, *.yml or *.json file is in {named}: name another folder")
    sources = Sources()
    for file in progress(files, "reading"):
        sources.add(file, today)
    return sources
