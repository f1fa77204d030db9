"""Fixes written to the files, or shown as they would be."""

from collections.abc import Iterable

import click

from configsvc.analysis.formats import subject_text
from configsvc.cli.edits import Edit, edits
from configsvc.cli.examining import Examination
from configsvc.cli.fixing import Fixing, fix
from configsvc.cli.terminal import counted, note
from configsvc.model.findings import Finding


def repair(examination: Examination, *, dry_run: bool) -> None:
    """Apply the fixes of an examination to its files and tell each on standard error.

    Args:
        examination: of the files.
        dry_run: write what would change to standard output instead, as a unified diff.

    Raises:
        EditError: a file cannot be edited without losing something; none was written.
        InputError: a file cannot be written.
    """
    fixing = fix(examination)
    changed = tuple(edits(fixing.values, examination.sources))
    if dry_run:
        click.echo("".join(edit.diff() for edit in changed), nl=False)
    else:
        for edit in changed:
            edit.write()
    for line in _told(fixing, changed, dry_run=dry_run):
        note(line)


def _told(fixing: Fixing, changed: tuple[Edit, ...], *, dry_run: bool) -> Iterable[str]:
    for finding in fixing.applied:
        yield f"{'would fix' if dry_run else 'fixed'} {_title(finding)}"
    for finding in fixing.refused:
        yield f"not fixed: {_title(finding)}: it would not clear the finding, or add one as bad"
    count, files = counted(len(fixing.applied), "finding"), counted(len(changed), "file")
    yield f"{'would fix' if dry_run else 'fixed'} {count} in {files}"


def _title(finding: Finding) -> str:
    title = finding.fix.title if finding.fix else ""
    return f"{finding.code} on {subject_text(finding.subject)}: {title}"
