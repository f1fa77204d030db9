"""``configsvc prove``: the witnesses of findings, carried out under virtual time."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from configsvc.analysis import Report
from configsvc.analysis.formats import subject_text
from configsvc.analysis.text import decimal
from configsvc.cli.examining import examine
from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.options import Invocation, namespace_option, output_option
from configsvc.cli.reports import error_text
from configsvc.cli.sources import load
from configsvc.cli.terminal import note, write_json
from configsvc.model.findings import Finding
from configsvc.model.names import check_name
from configsvc.simulate import NotSimulatedError
from configsvc.usecases.proving import Proof, Prover, proof_data

EVERYTHING = "all"


@click.command("prove")
@click.argument("what", metavar="CODE|FINGERPRINT|all")
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@click.option("--seed", type=click.IntRange(0, 2**53), default=1, show_default=True)
@output_option
@namespace_option
@click.pass_context
def command(context: click.Context, what: str, paths: tuple[Path, ...], seed: int) -> None:
    """Run the witnesses of findings in files; needs no server.

    The load and the fault of each finding are let loose on the agent's own engine under virtual
    time, and what is seen is held against what was meant. Ends with 1 if a harm was seen.
    """
    invocation = context.ensure_object(Invocation)
    today = datetime.now(UTC).date()
    sources = load(paths, today)
    for error in sources.errors:
        note(error_text(error))
    examination = examine(sources, check_name("namespace", invocation.namespace), today)
    findings = tuple(_asked(examination.report, what))
    if not findings and what != EVERYTHING:
        raise CommandError(f"no finding is {what!r}: configsvc check lists them", Exit.INPUT)
    proofs = tuple(_proofs(Prover(examination.catalog, seed=seed), findings))
    if invocation.as_json:
        write_json({"items": [proof_data(proof) for proof in proofs]})
    elif proofs:
        click.echo("\n".join(map(_text, proofs)))
    elif not findings:
        note("no findings, nothing to prove")
    context.exit(_exit(proofs, bad_input=bool(sources.errors)))


def _asked(report: Report, what: str) -> Iterator[Finding]:
    for finding in (*report.findings, *report.waived):
        names = {EVERYTHING, finding.code, finding.name, *finding.fingerprints}
        if what in names:
            yield finding


def _proofs(prover: Prover, findings: tuple[Finding, ...]) -> Iterator[Proof]:
    for finding in findings:
        try:
            proof = prover.prove(finding)
        except NotSimulatedError as impossible:
            note(f"{finding.code} {subject_text(finding.subject)}: {impossible}")
            continue
        if proof is None:
            subject = subject_text(finding.subject)
            note(f"{finding.code} {subject}: no run shows it; its witness is in words only")
        else:
            yield proof


def _text(proof: Proof) -> str:
    finding, run = proof.finding, proof.experiment
    verdict = "proven" if proof.harmed else "not seen"
    bound = f"at most {_number(run.at_most)}" if run.at_most is not None else ""
    bound = f"at least {_number(run.at_least)}" if run.at_least is not None else bound
    witness, subject = finding.witness, subject_text(finding.subject)
    lines = [
        click.style(f"{verdict}: {finding.code} {finding.name} on {subject}", bold=True),
        f"  with {witness.load}, when {witness.faults}" if witness else "",
        f"  {run.measure}",
        f"    seen:  {_number(proof.seen)}",
        f"    meant: {bound}",
        f"  {proof.calls} calls ({_counts(proof.outcomes)}), {proof.attempts} attempts"
        + (f", refused: {_counts(proof.refused)}" if proof.refused else "")
        + (", cut off: the run grew too large" if proof.cut_off else ""),
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _number(value: float | None) -> str:
    return decimal(value or 0)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _exit(proofs: tuple[Proof, ...], *, bad_input: bool) -> Exit:
    if bad_input:
        return Exit.INPUT
    return Exit.FINDINGS if any(proof.harmed for proof in proofs) else Exit.CLEAN
