"""What a change or a rollback would do, for its author to look at before it is made."""

from dataclasses import dataclass

from configsvc.schema import DocumentError
from configsvc.usecases.bound_changes import BoundChanges, compare_bounds
from configsvc.usecases.edge_changes import EdgeChanges, changed_edges
from configsvc.usecases.graph_bounds import BoundsOf
from configsvc.usecases.judging import Judgement


@dataclass(frozen=True, slots=True)
class Preview:
    """A judgement, the documents that could not be read and are left out of it, and what changes.

    `bounds` are those of the whole graph.
    """

    judgement: Judgement
    errors: tuple[DocumentError, ...]
    edges: EdgeChanges
    bounds: BoundChanges

    @property
    def publishable(self) -> bool:
        """Whether publishing would go through, for somebody who may."""
        return self.judgement.publishable and not self.errors


def preview_of(
    judgement: Judgement, was: BoundsOf, errors: tuple[DocumentError, ...] = ()
) -> Preview:
    """The preview of what was judged; `was` are the bounds before it."""
    proposal, now = judgement.proposal, was.after(judgement.standing)
    edges = changed_edges(proposal.before.catalog, proposal.after, proposal.keys, (was, now))
    return Preview(judgement, errors, edges, compare_bounds(was, now))
