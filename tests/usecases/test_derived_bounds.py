"""Bounds that are derived after a change are those of the whole graph reckoned anew."""

from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from configsvc.model.names import Key
from configsvc.resolve import Catalog
from configsvc.usecases.graph_bounds import BoundsOf
from tests.analysis.changing import Namespace, edit_of
from tests.analysis.graphs import SHAPES, documents


@pytest.mark.timeout(300)
@settings(max_examples=8, phases=(Phase.explicit, Phase.generate))
@given(st.sampled_from(sorted(SHAPES)), st.integers(0, 2**32))
def test_edits_of_a_generated_graph(shape: str, seed: int) -> None:
    """Of every edge, every way in and every operation, after each of several changes."""
    chance = Random(seed)
    namespace = Namespace(documents(SHAPES[shape](16, chance), seed=seed))
    derived = BoundsOf.standing(namespace.standing)
    list(derived.ways_in())
    for _ in range(4):
        edits = list(edit_of(chance, namespace))
        namespace.change(
            [edit for edit in edits if isinstance(edit, dict)],
            [edit for edit in edits if isinstance(edit, Key)],
        )
        derived = derived.after(namespace.standing)
        _compare(derived, BoundsOf(namespace.catalog_anew()), namespace.standing.catalog)


def _compare(derived: BoundsOf, anew: BoundsOf, catalog: Catalog) -> None:
    assert derived.operations == anew.operations
    assert list(derived.ways_in()) == list(anew.ways_in())
    assert [derived.cost(work) for work in derived.operations] == [
        anew.cost(work) for work in derived.operations
    ]
    for edge in catalog.graph.edges:
        assert derived.edge(edge) == anew.edge(edge)
    for work in anew.operations:
        assert derived.arrivals(work) == anew.arrivals(work)
        assert derived.path_to(work) == anew.path_to(work)
