"""What a change or a rollback would do, for its author to look at before it is made."""

from dataclasses import dataclass

from configsvc.schema import DocumentError
from configsvc.usecases.edge_changes import EdgeChanges, edge_changes
from configsvc.usecases.judging import Judgement


@dataclass(frozen=True, slots=True)
class Preview:
    """A judgement, the documents that could not be read and are left out of it, and the edges."""

    judgement: Judgement
    errors: tuple[DocumentError, ...]
    edges: EdgeChanges

    @property
    def publishable(self) -> bool:
        """Whether publishing would go through, for somebody who may."""
        return self.judgement.publishable and not self.errors


def preview_of(judgement: Judgement, errors: tuple[DocumentError, ...] = ()) -> Preview:
    """The preview of what was judged."""
    return Preview(judgement, errors, edge_changes(judgement.proposal))
