"""Fixes as changes of lines, for forms that offer them beside a finding."""

from typing import Final

from configsvc.analysis.formats import Changes, TextChange
from configsvc.analysis.patching import PatchError, apply_patch
from configsvc.cli.edits import EditError, edits
from configsvc.cli.sources import Sources
from configsvc.model.findings import Fix

MAX_SUGGESTED: Final = 500
"""Fixes of one report that are worked out; whoever has more applies them with --fix."""


def suggested(sources: Sources) -> Changes:
    """Works out what fixes do to the files, as many as are worth it."""
    left = MAX_SUGGESTED

    def changes(fix: Fix) -> tuple[TextChange, ...]:
        nonlocal left
        document = sources.documents.get(fix.resource)
        if document is None or left == 0:
            return ()
        left -= 1
        try:
            value = apply_patch(document.value, fix.patch)
            return tuple(
                change
                for edit in edits({fix.resource: value}, sources)
                for change in edit.changes()
            )
        except (EditError, OSError, PatchError, UnicodeDecodeError):
            return ()

    return changes
