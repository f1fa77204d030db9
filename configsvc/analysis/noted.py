"""The shape of rules about what an importer noted: a field that holds something else than it says.

Such a rule is its page, its severity and the kind of note that it reports.
"""

from typing import ClassVar

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import listed
from configsvc.analysis.view import Note, NoteKind
from configsvc.model.findings import Witness


class NoteRule(EdgeRule, shape=True):
    """A rule about the notes of one kind; its message has ``platform``, ``notes`` and ``why``."""

    kind: ClassVar[NoteKind]
    inputs = frozenset({"runtime"})
    message = "on {platform} {notes}: {why}"
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for what the importer noted."""
        notes = [note for note in edge.runtime.notes if note.kind == self.kind]
        if not notes:
            return None
        return Conflict(
            magnitude=len(notes),
            arguments={
                "platform": edge.runtime.platform,
                "notes": listed([_stands(note) for note in notes]),
                "why": listed(list(dict.fromkeys(note.why for note in notes))),
            },
            fields={f"runtime.notes.{note.field}": note.declared for note in notes},
            witness=Witness(
                load="any",
                faults="none",
                seen="; ".join(f"{note.field} is {note.effective}" for note in notes),
                meant="; ".join(f"{note.field} is {note.declared}" for note in notes),
            ),
        )


def _stands(note: Note) -> str:
    return f"{note.field} {note.declared} is {note.effective}"
