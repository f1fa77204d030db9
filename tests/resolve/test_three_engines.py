"""The example system: complete, without a loose end, and policies where its comments say."""

from itertools import pairwise
from pathlib import Path

import pytest

from configsvc import schema
from configsvc.bundle import compile_all
from configsvc.model.findings import EdgeId
from configsvc.resolve import Catalog, dangling, effective, graph

FOLDER = Path(__file__).parents[2] / "examples" / "three-engines"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The example, read as the command line reads it."""
    resources = []
    for path in sorted(FOLDER.rglob("*.yaml")):
        loaded = schema.load_text(path.read_bytes(), origin=path.name, syntax="yaml")
        assert not loaded.errors
        resources += [schema.read(document) for document in loaded.documents]
    return Catalog.of(resources, namespace="prod")


def test_nothing_dangles_and_no_field_is_ambiguous(catalog: Catalog) -> None:
    """Every reference leads somewhere, and no two policies contradict each other."""
    assert dangling(catalog) == ()
    assert not list(catalog.clashing_names())
    assert not [
        edge
        for edge in graph(catalog).edges
        if effective(catalog, edge.caller, edge.callee, edge.operation).is_ambiguous
    ]


def test_a_request_passes_from_the_gateway_to_the_scores(catalog: Catalog) -> None:
    """The graph has the edges that the picture shows."""
    found = {(edge.caller, edge.callee) for edge in graph(catalog).edges}
    assert found == {
        ("edge", "mobile"),
        ("edge", "web"),
        ("match-engine", "player-engine"),
        ("match-engine", "score-engine"),
        ("mobile", "match-engine"),
        ("mobile", "player-engine"),
        ("player-engine", "score-engine"),
        ("web", "match-engine"),
        ("web", "player-engine"),
        ("web", "score-engine"),
    }
    assert EdgeId("edge", "web", "player-page") in graph(catalog)


def test_only_calls_to_the_score_engine_are_repeated(catalog: Catalog) -> None:
    """One layer repeats."""
    edges = graph(catalog).edges
    repeated = {
        e.callee for e in edges if effective(catalog, e.caller, e.callee, e.operation).retry
    }
    assert repeated == {"score-engine"}


def test_limits_shrink_on_the_way_down(catalog: Catalog) -> None:
    """Whoever waits gives up after whoever works."""
    path = ("edge", "web", "match-engine", "player-engine", "score-engine")
    limits = [
        effective(catalog, caller, callee, "*").timeout.value.attempt
        for caller, callee in pairwise(path)
    ]
    assert limits == [2_500_000, 1_500_000, 800_000, 200_000]


def test_every_agent_gets_a_bundle(catalog: Catalog) -> None:
    """The engines and both back ends have one, the gateway has none."""
    names = {bundle.service for bundle in compile_all(catalog)}
    assert names == {"match-engine", "mobile", "player-engine", "score-engine", "web"}
