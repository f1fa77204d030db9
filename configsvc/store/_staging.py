"""From a staged change to the one transaction that makes it a revision."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from configsvc.store import layout
from configsvc.store._admission import digest_of
from configsvc.store._json import encode
from configsvc.store._layers import Layers, Tables, next_number
from configsvc.store.answers import Answers, answer_to_json
from configsvc.store.api import ABSENT, Clock, Compare, Digest, Store, Transaction
from configsvc.store.audit import AuditTrail, audit_to_json
from configsvc.store.candidates import encode_candidate
from configsvc.store.changes import (
    MAX_CHANGE_BYTES,
    Committed,
    Head,
    Revision,
    Staged,
    encode_head,
    encode_revision,
)
from configsvc.store.errors import AnswerExistsError, InvalidTransactionError, LimitExceededError


@dataclass(frozen=True, slots=True)
class Plan:
    """A transaction, and what will be true once it is committed."""

    transaction: Transaction
    outcome: Committed

    def committed(self, revision: int) -> Committed:
        """Return the outcome, given the store's revision after the commit."""
        if not self.outcome.changed:
            return self.outcome
        return replace(self.outcome, head=replace(self.outcome.head, mod_revision=revision))


class Planner:
    """Plans changes of namespaces; writes nothing."""

    def __init__(
        self, store: Store, layers: Layers, clock: Clock, token: Callable[[], str]
    ) -> None:
        self._layers = layers
        self._clock = clock
        self._token = token
        self._answers = Answers(store, clock)
        self._audit = AuditTrail(store, token)

    def plan(self, namespace: str, expected: Head | None, change: Staged) -> Plan:
        """Return what to write to put a change on top of a head."""
        _admit(change)
        tables = self._layers.after(namespace, expected, change)
        outcome = self._outcome(namespace, expected, change, tables)
        head = Compare(layout.head(namespace), expected.mod_revision if expected else ABSENT)
        compares, answer = self._answer(namespace, change)
        transaction = Transaction(
            compares=(head, *compares),
            puts=(
                *self._records(outcome, tables, change),
                *answer,
                *self._audit_entry(namespace, outcome.head.revision, change),
            ),
            blobs=dict(_blobs(tables, change)) if outcome.changed else {},
        )
        return Plan(transaction, outcome)

    def _outcome(
        self, namespace: str, expected: Head | None, change: Staged, tables: Tables
    ) -> Committed:
        same = not (tables.resources or tables.services or change.rollout is not None)
        if expected and same and change.step is None:
            return Committed(expected, changed=False)
        head = Head(
            namespace=namespace,
            epoch=expected.epoch if expected else self._token(),
            revision=next_number(expected),
            manifest=tables.manifest,
            bundles=tables.bundles,
            candidate=tables.candidate,
            mod_revision=ABSENT,
        )
        return Committed(head, changed=True, resources=tables.resources, services=tables.services)

    def _records(
        self, outcome: Committed, tables: Tables, change: Staged
    ) -> Iterator[tuple[str, bytes]]:
        if not outcome.changed:
            return
        head = outcome.head
        record = Revision(
            namespace=head.namespace,
            number=head.revision,
            manifest=head.manifest,
            bundles=head.bundles,
            author=change.author,
            message=change.message,
            time=self._clock() if change.time is None else change.time,
            findings=None if change.findings is None else digest_of(change.findings),
            rollout=change.rollout,
            candidate=head.candidate.manifest if head.candidate else None,
        )
        yield layout.head(head.namespace), encode_head(head)
        yield layout.revision(head.namespace, head.revision), encode_revision(record)
        if tables.moved is not None:
            key = layout.rollout(head.namespace, tables.moved.revision)
            yield key, encode_candidate(tables.moved)

    def _answer(
        self, namespace: str, change: Staged
    ) -> tuple[tuple[Compare, ...], tuple[tuple[str, bytes], ...]]:
        """Return the condition that the idempotency key is free, and the answer to remember."""
        answer = change.answer
        if answer is None:
            return (), ()
        kept = self._answers.kept(namespace, answer.key)
        if kept and not self._answers.expired(kept):
            raise AnswerExistsError(namespace, answer.key)
        key = layout.idempotency_key(namespace, answer.key)
        compare = Compare(key, kept.mod_revision if kept else ABSENT)
        return (compare,), ((key, encode(answer_to_json(answer))),)

    def _audit_entry(
        self, namespace: str, revision: int, change: Staged
    ) -> Iterator[tuple[str, bytes]]:
        if change.audit is None:
            return
        entry = replace(change.audit, revision=revision)
        yield self._audit.key(namespace, entry), encode(audit_to_json(entry))


def _blobs(tables: Tables, change: Staged) -> Iterator[tuple[Digest, bytes]]:
    yield from tables.blobs.items()
    for key in tables.resources & change.puts.keys():
        yield digest_of(change.puts[key]), change.puts[key]
    for service in tables.services & change.bundles.keys():
        yield digest_of(change.bundles[service]), change.bundles[service]
    if change.findings is not None:
        yield digest_of(change.findings), change.findings


def _admit(change: Staged) -> None:
    size = sum(map(len, change.puts.values()))
    if size > MAX_CHANGE_BYTES:
        raise LimitExceededError("the change", MAX_CHANGE_BYTES, size, "bytes of documents")
    both = (change.puts.keys() & change.deletes) | (change.bundles.keys() & change.dropped)
    if both:
        raise InvalidTransactionError(
            f"{min(both)!r} is put and deleted in one change: keep one of the two"
        )
