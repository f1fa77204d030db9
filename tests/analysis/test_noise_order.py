"""The order in which documents come, and how they are cut into files, changes nothing."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc.analysis import Report, analyze
from configsvc.analysis.rules import ALL
from configsvc.cli.sources import load
from configsvc.resolve import Catalog
from tests.analysis.noise import mistaken, stated, systems, undecided
from tests.examples.systems import TODAY, Change, Documents, Value, catalog_of, report_of
from tests.examples.test_seeded_mistakes import MISTAKES


@settings(max_examples=40)
@given(systems(), st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_nothing(
    system: tuple[str, Documents], chance: Random
) -> None:
    """Findings are equal to the last word, and so is what is left undecided."""
    _, documents = system
    values = list(documents.values())
    chance.shuffle(values)
    before, after = report_of(documents), analyze(catalog_of(values), ALL, today=TODAY)
    assert after.findings == before.findings
    assert (stated(after), undecided(after)) == (stated(before), undecided(before))


@pytest.mark.parametrize("change", list(MISTAKES)[::3], ids=lambda change: change.__name__)
def test_the_files_change_nothing(change: Change, tmp_path: Path) -> None:
    """Documents cut into files at random, in folders, as YAML and as JSON: the same findings."""
    documents = mistaken(change)
    chance = Random(change.__name__)
    values = list(documents.values())
    chance.shuffle(values)
    for number, part in enumerate(_parts(values, chance)):
        folder = tmp_path / f"{chance.random():.3f}"
        folder.mkdir(exist_ok=True)
        _write(folder, number, part)
    after, before = _report_of_files(tmp_path), report_of(documents)
    assert after.findings == before.findings
    assert undecided(after) == undecided(before)


def _parts(values: list[Value], chance: Random) -> Iterator[list[Value]]:
    """Consecutive runs of one to four values."""
    rest = iter(values)
    while part := list(islice(rest, chance.randint(1, 4))):
        yield part


def _write(folder: Path, number: int, part: list[Value]) -> None:
    """One file of these documents; JSON is YAML as well, and one document is plain JSON."""
    texts = [json.dumps(value, indent=1) for value in part]
    ending = "json" if len(texts) == 1 and number % 2 else "yaml"
    (folder / f"{number}.{ending}").write_text("\n---\n".join(texts))


def _report_of_files(folder: Path) -> Report:
    sources = load([folder], TODAY)
    assert sources.errors == []
    catalog = Catalog.of(sources.resources, namespace="test")
    return analyze(catalog, ALL, today=TODAY)
