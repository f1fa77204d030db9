"""Proof by a run: the witness of each finding on its own documents, and on the repaired ones."""

import pytest

from configsvc.analysis.pages import examples
from configsvc.analysis.rule import Rule
from configsvc.analysis.rules import ALL
from configsvc.model.findings import Finding
from configsvc.usecases.proving import Prover, proof_data
from tests.analysis.documents import catalog_of, report_of

PROVEN = (
    "AM01", "AM03", "AM04", "AM05", "BH01", "BH03", "BH05", "BH06", "DL01", "DL04", "HG03",
    "HG04", "HG06", "RB02", "RB03", "RB04", "RB05", "RB06", "RB07", "RB08", "RB09", "RB10",
    "RB11", "RB13", "RB16", "RB19", "RB21", "RL04", "RL05", "RT01", "RT02", "RT03", "RT04",
    "RT07", "RT10", "RT11", "RT15", "RT17", "RT18", "RT21",
)  # fmt: skip
"""Rules whose harm a run of the native engine shows."""

IN_WORDS = {
    "about documents, which do nothing by themselves": "CG02 GW01 GW02 GW03 GW04 GW05 GW07 GW08 "
    "GW09 GW10 RT12 SC02 SC04",
    "about connections, bodies and the way between": "BH07 DL02 DL07 DS04 RT09 RT20",
    "about lists of instances, probes and ejection": "DS01 DS02 DS05 HG07 OD01 OD02 OD03 OD04 OD05 "
    "OD06 OD07",
    "about the callee's own rate limit, and what it asks for": "RL01 RL02 RL03 RL06 RL07",
    "about many callers or processes at once": "BH02 BH08 BH09 CG01 RB14",
    "about an operation as a whole, which no call on an edge stands for": "BF01 BF02 BF03 DL03 "
    "DL06 DL08",
    "about an intention: the engine does what is written": "HG02 RT06 RT16",
}
"""Rules whose witness is told in words, by what a run does not model."""

RULES = {rule.code: rule for rule in ALL}


def finding_of(text: str) -> Finding:
    """The one finding of an example."""
    (finding,) = report_of(text).findings
    return finding


@pytest.mark.parametrize("rule", [RULES[code] for code in PROVEN], ids=PROVEN)
@pytest.mark.parametrize("seed", [1, 2])
def test_run_shows_the_harm_and_its_absence(rule: type[Rule], seed: int) -> None:
    """On the example's documents what was meant is missed; on the repaired ones it is kept."""
    conflict, repaired = examples(rule)
    finding = finding_of(conflict)

    seen = Prover(catalog_of(conflict), seed=seed).prove(finding)
    after = Prover(catalog_of(repaired), seed=seed).prove(finding)

    assert seen is not None
    assert after is not None
    assert (seen.harmed, after.harmed) == (True, False)
    assert not seen.cut_off


def test_every_rule_is_proven_or_says_why_not() -> None:
    """No rule gets a run that nobody has seen, and none is without one for no reason."""
    native = [rule for rule in ALL if not rule.imported_only]
    findings = (finding_of(examples(rule)[0]) for rule in native)
    with_run = {f.code for f in findings if f.witness is not None and f.witness.run is not None}

    assert with_run == set(PROVEN)
    assert sorted([*PROVEN, *(code for codes in IN_WORDS.values() for code in codes.split())]) == [
        rule.code for rule in native
    ]


def test_witness_in_words_is_not_run() -> None:
    """A rule about documents alone has nothing to run."""
    conflict, _ = examples(RULES["GW03"])

    assert Prover(catalog_of(conflict)).prove(finding_of(conflict)) is None


def test_same_seed_gives_the_same_proof() -> None:
    """As JSON, to the last number."""
    conflict, _ = examples(RULES["RB09"])
    finding = finding_of(conflict)

    first, again = (Prover(catalog_of(conflict), seed=5).prove(finding) for _ in range(2))

    assert first is not None
    assert again is not None
    assert proof_data(first) == proof_data(again)
