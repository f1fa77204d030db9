"""What an operator does: check, publish, roll back, look, diagnose. No transport, no backend."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from configsvc.analysis import Rule
from configsvc.fleet import FleetAnswer
from configsvc.store import Answers, AuditTrail, Clock, Namespaces, Store
from configsvc.usecases.changes import Change, Precondition
from configsvc.usecases.experimenting import EdgeTrial, Laboratory
from configsvc.usecases.fleet_view import ConvergenceView, FleetView
from configsvc.usecases.inspecting import DifferingResource, Inspector, Query, StoredResource
from configsvc.usecases.judging import Judgement
from configsvc.usecases.live import EdgeState, LiveView, Picture
from configsvc.usecases.moment import Moment, as_time, rfc3339
from configsvc.usecases.namespace_settings import NamespaceRules, NamespaceSettings
from configsvc.usecases.openings import Opened
from configsvc.usecases.outcome import Published
from configsvc.usecases.preview import Preview
from configsvc.usecases.publishing import Publisher
from configsvc.usecases.repeats import Repeat, Repeats
from configsvc.usecases.rolling_back import Rollback, RollbackDesk
from configsvc.usecases.rollouts import RolloutDesk, RolloutView
from configsvc.usecases.sessions import Session, Sessions
from configsvc.usecases.tokens import Tokens
from configsvc.usecases.turns import Turns
from configsvc.usecases.workspace import Workspace, Workspaces

__all__ = [
    "Change",
    "ControlPlane",
    "ConvergenceView",
    "DifferingResource",
    "EdgeState",
    "EdgeTrial",
    "FleetView",
    "Inspector",
    "Judgement",
    "Laboratory",
    "LiveView",
    "Moment",
    "NamespaceRules",
    "NamespaceSettings",
    "Opened",
    "Picture",
    "Precondition",
    "Preview",
    "Published",
    "Publisher",
    "Query",
    "Repeat",
    "Repeats",
    "Rollback",
    "RollbackDesk",
    "RolloutDesk",
    "RolloutView",
    "Session",
    "Sessions",
    "StoredResource",
    "Tokens",
    "Workspace",
    "Workspaces",
    "as_time",
    "rfc3339",
]


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """Every use case of one process, over one store."""

    publisher: Publisher
    rollbacks: RollbackDesk
    rollouts: RolloutDesk
    inspector: Inspector
    laboratory: Laboratory
    tokens: Tokens
    sessions: Sessions
    fleet: FleetView
    live: LiveView
    settings: NamespaceSettings
    moment: Moment
    rules: Sequence[type[Rule]]

    @classmethod
    def over(
        cls,
        store: Store,
        *,
        rules: Sequence[type[Rule]],
        clock: Clock,
        token: Callable[[], str],
        ask_fleet: Callable[[str], FleetAnswer],
        ask_own_fleet: Callable[[str], FleetAnswer] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Self:
        """Connect the use cases with a store.

        Args:
            store: any backend; opened in this process.
            rules: what a check runs.
            clock: microseconds since the Unix epoch.
            token: random strings of at least 64 bits.
            ask_fleet: asks every agent-facing process about a namespace.
            ask_own_fleet: asks only those of this node; None: there are no others.
            sleep: waits for a number of seconds.
        """
        moment = Moment(clock)
        namespaces = Namespaces(store, clock, token)
        workspaces = Workspaces(namespaces, rules)
        audit = AuditTrail(store, token)
        settings = NamespaceSettings(store, audit, moment)
        repeats = Repeats(Answers(store, clock), moment)
        turns = Turns(store, clock, token, sleep)
        publisher = Publisher(namespaces, workspaces, settings, repeats, turns, moment)
        tokens = Tokens(store, audit, moment)
        return cls(
            publisher=publisher,
            rollbacks=RollbackDesk(namespaces, workspaces, publisher),
            rollouts=RolloutDesk(namespaces, workspaces, publisher, moment, ask_fleet),
            inspector=Inspector(namespaces, workspaces, settings, audit, moment),
            tokens=tokens,
            sessions=Sessions(store, tokens, moment),
            laboratory=Laboratory(workspaces, moment),
            live=LiveView(namespaces, workspaces, ask_fleet, moment),
            fleet=FleetView(store, namespaces, ask_fleet, ask_own_fleet or ask_fleet),
            settings=settings,
            moment=moment,
            rules=rules,
        )
