"""Judging a proposal: what its author is told, and whether it may be written."""

from dataclasses import dataclass
from datetime import date

from configsvc.analysis import Report, Standing, new_findings
from configsvc.model.findings import Finding, NotEvaluated, Severity
from configsvc.usecases.proposing import Proposal
from configsvc.usecases.workspace import Workspaces


@dataclass(frozen=True, slots=True)
class Judgement:
    """What today's rules say of a proposal, and what it changes.

    `standing` is what they found in it, from which the next one is derived if it is published.
    `added` and `resolved` compare with the namespace as it is. `blocking` are the findings for
    which the gate refuses to publish, `undecided` the rules that a strict namespace insists on.
    `newly_waived_errors` need somebody who may waive.
    """

    proposal: Proposal
    standing: Standing
    report: Report
    added: tuple[Finding, ...]
    resolved: tuple[Finding, ...]
    blocking: tuple[Finding, ...]
    undecided: tuple[NotEvaluated, ...]
    newly_waived_errors: tuple[Finding, ...]
    today: date

    @property
    def publishable(self) -> bool:
        """Whether the gate lets the proposal through."""
        return not (self.blocking or self.undecided)


def judge(
    proposal: Proposal,
    workspaces: Workspaces,
    today: date,
    *,
    strict: bool,
    in_stages: bool = False,
) -> Judgement:
    """Run today's rules over a proposal and compare with what was open before.

    Args:
        proposal: the change on top of its namespace.
        workspaces: gives the reports.
        today: decides which waivers hold.
        strict: whether a rule that misses data blocks too, where it did not miss them before.
        in_stages: whether old and new will stand side by side for a while, so that what is wrong
            between them counts as well.
    """
    was = workspaces.standing(proposal.before, today)
    now = was.after(proposal.after, proposal.keys)
    before, after = was.report(today), now.report(today)
    if in_stages:
        after = after.joined(workspaces.examine_mixed(was, now, (before, after), today))
    return Judgement(
        proposal=proposal,
        standing=now,
        report=after,
        added=tuple(f for f in after.findings if not before.marks.keys() >= set(f.fingerprints)),
        resolved=tuple(f for f in before.findings if after.marks.keys().isdisjoint(f.fingerprints)),
        blocking=new_findings(after, before),
        undecided=_undecided(after, before) if strict else (),
        newly_waived_errors=_newly_waived_errors(after, before),
        today=today,
    )


def _undecided(after: Report, before: Report) -> tuple[NotEvaluated, ...]:
    known = {(each.code, each.subject) for each in before.not_evaluated}
    return tuple(each for each in after.not_evaluated if (each.code, each.subject) not in known)


def _newly_waived_errors(after: Report, before: Report) -> tuple[Finding, ...]:
    known = {mark for finding in _errors(before.waived) for mark in finding.fingerprints}
    return tuple(f for f in _errors(after.waived) if not known.issuperset(f.fingerprints))


def _errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
