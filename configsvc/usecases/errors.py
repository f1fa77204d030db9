"""Why a use case was refused, with what the caller needs in order to go on."""

from dataclasses import dataclass

from configsvc.errors import InputError, OperationError
from configsvc.model.findings import Finding, NotEvaluated
from configsvc.model.names import Key

_SHOWN = 5
"""Names that a message lists before it says "and more"."""


class UnknownNamespaceError(InputError):
    """The namespace has never been published to."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        super().__init__(f"namespace {namespace!r} holds nothing yet: publish a change to it")


class UnknownResourceError(InputError):
    """No such resource at the revision that was asked for."""

    def __init__(self, key: Key, revision: int) -> None:
        self.key = key
        self.revision = revision
        super().__init__(f"{key} does not exist at revision {revision}")


class UnknownEdgeError(InputError):
    """A name in an edge is no caller, no callee, or no operation of the callee."""

    def __init__(self, what: str, name: str, known: tuple[str, ...]) -> None:
        self.what = what
        self.name = name
        near = f"; known: {', '.join(known[:10])}" if known else ""
        super().__init__(f"{what} {name!r} does not exist in this namespace{near}")


class UnknownFindingError(InputError):
    """No finding of the head has the fingerprint."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        super().__init__(
            f"no finding of this namespace has the fingerprint {fingerprint[:80]!r}: "
            "GET .../findings lists those that are open today"
        )


class InvalidChangeError(InputError):
    """A change that cannot be taken as it is, whatever the namespace holds."""

    def __init__(self, pointer: str, message: str) -> None:
        self.pointer = pointer
        super().__init__(message)


class ChangeTooLargeError(InvalidChangeError):
    """A change beyond what one revision may carry."""


class MassDeletionError(InputError):
    """A change would delete more than half of the namespace and does not confirm it."""

    def __init__(self, deleted: int, present: int) -> None:
        self.deleted = deleted
        self.present = present
        super().__init__(
            f"the change deletes {deleted} of {present} resources, more than half of the "
            "namespace: send 'confirm': true if that is meant"
        )


@dataclass(frozen=True, slots=True)
class StaleResource:
    """A resource that somebody else changed: its digests at the base and at the head.

    None where it is absent. The documents are those of these digests, as far as they were fetched.
    """

    key: Key
    base: str | None
    head: str | None
    base_document: bytes | None = None
    head_document: bytes | None = None


class UnknownBaseError(OperationError):
    """The base of a change is no revision of the namespace, which may have been restored."""

    def __init__(self, base: int, head: int) -> None:
        self.base = base
        self.head = head
        super().__init__(
            f"the base {base} is no revision of this namespace, whose head is {head}: "
            "read the resources again and decide again"
        )


class StaleBaseError(OperationError):
    """Resources of the change differ between the author's base and the head."""

    def __init__(self, base: int, head: int, resources: tuple[StaleResource, ...]) -> None:
        self.base = base
        self.head = head
        self.resources = resources
        names = ", ".join(str(each.key) for each in resources[:_SHOWN])
        names += " and more" if len(resources) > _SHOWN else ""
        super().__init__(
            f"{names} changed between your base {base} and the head {head}: "
            f"look at both sides, then send the change again with 'base': {head}"
        )


class RolloutInProgressError(OperationError):
    """A namespace rolls out one change at a time."""

    def __init__(self, rollout: int) -> None:
        self.rollout = rollout
        super().__init__(
            f"rollout {rollout} is in progress: promote or abort it first, or publish this change "
            "to all, which suspends it"
        )


class RolloutEndedError(OperationError):
    """A rollout that is to be moved is not the one in progress."""

    def __init__(self, rollout: int, current: int | None) -> None:
        self.rollout = rollout
        now = f"{current} is in progress" if current else "none is in progress"
        super().__init__(f"rollout {rollout} has ended: {now}")


class PreconditionRequiredError(InputError):
    """A write of one resource without If-Match or If-None-Match."""

    def __init__(self, key: Key) -> None:
        self.key = key
        super().__init__(
            f"a write of {key} needs 'If-Match' with the ETag you last saw, or 'If-None-Match: *' "
            "for a resource that must not exist yet"
        )


class PreconditionFailedError(OperationError):
    """The resource is not the one that the condition names."""

    def __init__(self, key: Key, expected: str | None, seen: str | None) -> None:
        self.key = key
        self.expected = expected
        self.seen = seen
        was = f"ETag {seen}" if seen else "absent"
        wanted = f"ETag {expected}" if expected else "absent"
        super().__init__(
            f"{key} was expected {wanted} and is {was}: read it again and decide again"
        )


class ManagedElsewhereError(OperationError):
    """Somebody else is in charge of the resource."""

    def __init__(self, key: Key, manager: str, writer: str) -> None:
        self.key = key
        self.manager = manager
        super().__init__(
            f"{key} is managed by {manager!r}, not by {writer!r}: change it there, or send "
            "'takeOver': true to manage it from here on"
        )


class RefusedByFindingsError(InputError):
    """The gate: a change adds error findings, or makes open ones worse."""

    def __init__(
        self, blocking: tuple[Finding, ...], undecided: tuple[NotEvaluated, ...] = ()
    ) -> None:
        self.blocking = blocking
        self.undecided = undecided
        said = [f"{f.code} {f.name}: {f.message}" for f in blocking[:3]]
        said += [
            f"{n.code} on {n.subject} could not be evaluated without {', '.join(n.missing)}"
            for n in undecided[:3]
        ]
        rest = len(blocking) + len(undecided) - len(said)
        super().__init__("; ".join(said) + (f"; and {rest} more" if rest else ""))


class AcknowledgeError(InputError):
    """A rollback brings findings back and does not acknowledge them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(
            f"the rollback brings back {len(findings)} finding(s) of today's rules, such as "
            f"{findings[0].code} on {findings[0].subject}: send 'acknowledge': true to accept that"
        )


class ContentionError(OperationError):
    """Others kept publishing to the namespace; nothing was written."""

    def __init__(self, namespace: str, tries: int) -> None:
        super().__init__(
            f"namespace {namespace!r} changed during each of {tries} tries to publish: try again"
        )


class BusyError(OperationError):
    """Others of this process have been publishing to the namespace all the time."""

    def __init__(self, namespace: str, seconds: float) -> None:
        super().__init__(
            f"others have been publishing to namespace {namespace!r} for {seconds:g} s without a "
            "break, and nothing was written: try again"
        )


class IdempotencyKeyReusedError(InputError):
    """One idempotency key came with two different requests."""

    def __init__(self) -> None:
        super().__init__(
            "the idempotency key was used for another request in the last 24 h: use a new one"
        )


class UnknownTokenIdError(InputError):
    """No token of this id that the caller may administer."""

    def __init__(self, identifier: str) -> None:
        super().__init__(f"token {identifier[:40]!r} does not exist, or you may not administer it")


class UnknownRuleError(InputError):
    """No rule has this code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no rule has the code {code[:40]!r}: list them with GET /v1/rules")
