"""Documents in the files and folders that were named, read with progress on a terminal."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    with _uncollected():
        for file in progress(files, "reading"):
            sources.add(file, today)
    return sources


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no reference cycles meanwhile.

    Documents have none and are all kept, so that each search, among ever more of them, is in vain.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
