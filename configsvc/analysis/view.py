"""The neutral view that rules read: edges, operations and nodes as frozen values.

Native resources, imported configurations and running fleets are all turned into it. Policies are
the effective values of the model. Facts are split into small parts, because a rule's result is
reused for every edge whose parts are the same objects: an adapter hands out one object per value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from configsvc.analysis.conflict import Provenance
from configsvc.analysis.interval import Range
from configsvc.model.findings import EdgeId
from configsvc.model.names import Key
from configsvc.model.policies import (
    Bulkhead,
    CircuitBreaker,
    Fallback,
    Hedge,
    Leaf,
    RateLimit,
    Retry,
    Target,
    Timeout,
)
from configsvc.model.quantities import Duration, Share, Size
from configsvc.model.services import Discovery, Latency
from configsvc.model.trust import Waiver
from configsvc.resolve.matching import Requests

POLICIES = (
    "timeout", "retry", "breaker", "bulkhead", "rate_limit", "hedge", "fallback", "runtime",
    "own_breaker",
)  # fmt: skip
"""Parts of an edge that say what its caller does."""

FACTS = (
    "idempotence", "latency", "operation", "caller", "callee", "admission",
    "traffic", "concurrency", "subtree",
)  # fmt: skip
"""Parts of an edge that say in what surroundings it does so; data may be missing from these. The
last two are reckoned over the graph (`configsvc.analysis.bounds`)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Another client around the edge's own, such as an SDK or a sidecar, with limits of its own.

    ``limit`` is its time for everything inside; None: it has none.
    """

    name: str
    attempts: int = 1
    retry_on: tuple[str, ...] = ()
    limit: Duration | None = None


NoteKind = Literal["clamped", "ignored", "replaced", "zero", "unitless", "implied"]


@dataclass(frozen=True, slots=True)
class Note:
    """A field that holds something else than its document says, and why.

    ``clamped``: a value out of bounds was changed; ``ignored``: the platform has no such feature;
    ``replaced``: a more specific document took away what a general one set; ``zero``: what zero
    means differs between platforms; ``unitless``: a bare number was read; ``implied``: nothing is
    written, and the platform has a default (``time``, where it is one).
    """

    kind: NoteKind
    field: str
    declared: str
    effective: str
    why: str
    time: Duration | None = None


@dataclass(frozen=True, slots=True)
class Runtime:
    """What enforces the policies of an edge, as far as it differs from the native runtime.

    An importer describes its platform with it; the native runtime is `NATIVE`. ``order`` lists the
    shells around an attempt, outermost first. ``layers`` are further clients around the edge's own,
    outermost first. ``soft_deadline``: the overall limit is looked at between attempts only.
    ``attempt_limits``: the platform can limit an attempt. ``starts_doomed``: it starts attempts
    that cannot end in time. ``records_rejections``: the breaker records calls that never left.
    ``consecutive``: the breaker opens after so many failures in a row, instead of a rate.
    ``retry_cap``: retries of one process at a time (infinite: a cap that caps nothing).
    ``throttle``: retries stop once failures exceed this ratio to successes; ``failures``: the share
    of calls that fail on a usual day. ``hedges_all``: also what is not idempotent.
    ``hedges_timeouts``: a copy is sent when an attempt's limit is reached. ``lease`` and
    ``renewal`` are of the registry that lists the callee.
    """

    platform: str = "configsvc"
    order: tuple[str, ...] = (
        "fallback", "overall", "retry", "breaker", "rate_limit", "bulkhead", "attempt",
    )  # fmt: skip
    cancels: bool = True
    layers: tuple[Layer, ...] = ()
    notes: tuple[Note, ...] = ()
    soft_deadline: bool = False
    attempt_limits: bool = True
    starts_doomed: bool = False
    records_rejections: bool = False
    consecutive: int | None = None
    retry_cap: float | None = None
    throttle: Share | None = None
    failures: Share | None = None
    hedges_all: bool = False
    hedges_timeouts: bool = False
    lease: Duration | None = None
    renewal: Duration | None = None

    def outside(self, outer: str, inner: str) -> bool:
        """Whether shell ``outer`` wraps shell ``inner``."""
        return (
            outer in self.order
            and inner in self.order
            and self.order.index(outer) < self.order.index(inner)
        )


NATIVE = Runtime()
"""The order of composition of the agents: fixed."""


@dataclass(frozen=True, slots=True)
class Idempotence:
    """Whether repeating the operation is harmless; None: unknown.

    ``by_method``: the edge carries requests of several methods, each judged by its own, so that
    some of them are retried.
    """

    value: bool | None = None
    by_method: bool = False


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """What is declared about the operation that is called; None is unknown, never "no".

    ``limit`` and ``max_body`` None: unlimited or unknown alike, as documents cannot tell.
    """

    streaming: bool = False
    own_time: Duration | None = None
    limit: Duration | None = None
    emits: tuple[str, ...] | None = None
    max_body: Size | None = None
    cancels: bool | None = None
    honours_deadline: bool | None = None
    calls: bool = False


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What is declared about a caller or callee; None is unknown.

    ``enforced``: an agent or gateway in it enforces its policies. ``ejects_after``: how many
    failures in a row leave an instance out; ``sticky``: calls keep to one instance;
    ``one_address``: a balancer stands for the instances, so that callers do not tell them apart.
    """

    instances: int | None = None
    processes: int | None = None
    workers: int | None = None
    requests_per_second: int | None = None
    pool_max: int | None = None
    pool_wait: Duration | None = None
    pool_idle: Duration | None = None
    pool_max_age: Duration | None = None
    idle: Duration | None = None
    drain: Duration | None = None
    replay_buffer: Size | None = None
    ejects: bool = False
    ejects_after: int | None = None
    sticky: bool = False
    one_address: bool = False
    refresh: Duration | None = None
    dns_ttl: Duration | None = None
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Traffic:
    """First attempts a second: from one process of the caller, and from all of them.

    ``pair`` is from one process over all operations of the same callee.
    """

    per_process: Range
    all: Range
    pair: Range


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many calls of one process share the edge's bulkhead at a time.

    ``median`` and ``tail``: when each takes the callee's median, or its 99th percentile.
    """

    median: Range
    tail: Range


@dataclass(frozen=True, slots=True)
class EdgeView:
    """One edge: the policies in force on it and the facts about both of its ends.

    ``own_breaker``: somebody wrote the breaker for this pair or operation in particular.
    ``admission`` is the limit that the callee puts before its callers.
    """

    id: EdgeId
    provenance: Provenance
    timeout: Timeout
    retry: Retry | None
    breaker: CircuitBreaker | None
    bulkhead: Bulkhead | None
    rate_limit: RateLimit | None
    hedge: Hedge | None
    fallback: Fallback | None
    runtime: Runtime
    own_breaker: bool
    idempotence: Idempotence
    latency: Latency
    operation: OperationFacts
    caller: NodeFacts
    callee: NodeFacts
    admission: RateLimit | None


WorkId = tuple[str, str]
"""A node's name and the name of one of its operations."""


@dataclass(frozen=True, slots=True)
class CallView:
    """A call that an operation makes, over ``edge``.

    ``default``: something stands in for its answer.
    """

    edge: EdgeView
    stage: int = 1
    typical: int = 1
    most: int = 1
    optional: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True)
class WorkView:
    """One operation of one node, and the calls that it makes for one request.

    ``alternatives``: a request makes one of the calls (a route's destinations), not all of them.
    ``composes``: it is an endpoint of a BFF.
    """

    node: str
    operation: str
    provenance: Provenance
    facts: OperationFacts = OperationFacts()
    latency: Latency = Latency()
    slo: Duration | None = None
    external_rate: int | None = None
    calls: tuple[CallView, ...] = ()
    alternatives: bool = False
    composes: bool = False

    def __str__(self) -> str:
        return f"{self.node}[{self.operation}]"


@dataclass(frozen=True, slots=True)
class NodeView:
    """One service, gateway or BFF with the edges that end and start at it.

    ``requests`` are what its operations take, ``emits`` what each of them answers besides success.
    """

    name: str
    key: Key
    provenance: Provenance
    facts: NodeFacts
    discovery: Discovery
    incoming: tuple[EdgeView, ...] = ()
    outgoing: tuple[EdgeView, ...] = ()
    requests: tuple[Requests, ...] = ()
    emits: tuple[tuple[str, ...] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyView:
    """One policy document that has a target, and what is written in it."""

    key: Key
    target: Target
    fields: Mapping[str, Leaf]
    callee_side: bool = False


@dataclass(frozen=True, slots=True)
class AmbiguousEdge:
    """An edge some of whose fields have two values of one rank.

    ``values`` maps each such field (``retry.attempts``) to what its documents say.
    """

    id: EdgeId
    provenance: Provenance
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class MissingReference:
    """A reference to what is not there.

    ``what`` says what it names (``operation 'x' of Service 'y'``), ``known`` the names that are
    there. ``is_call``: it is an edge of the call graph.
    """

    resource: Key
    pointer: str
    what: str
    known: tuple[str, ...]
    is_call: bool


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """What became of a waiver in a check of the whole namespace: how many findings it silenced."""

    key: Key
    waiver: Waiver
    matched: int
    today: date
