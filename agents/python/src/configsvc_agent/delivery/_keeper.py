"""Decides about bundles: verify, store, apply, advance the cursor, report; in this order."""

from __future__ import annotations

import dataclasses
import logging
import random
import time
from collections.abc import Callable
from threading import Condition

from configsvc_agent.bundle import Bundle, BundleError, DigestError, built_in, compile_bundle
from configsvc_agent.cache import MAX_REJECTED, Cache, CacheError, Position, Record
from configsvc_agent.delivery._offer import Heartbeat, Offer, Report, ReportState, Session
from configsvc_agent.delivery._outbox import Outbox
from configsvc_agent.delivery._status import Origin, Standing
from configsvc_agent.delivery._subscribers import Change, InForce
from configsvc_agent.values import replace

_log = logging.getLogger("configsvc_agent")

HEAL_JITTER = 1.0
"""Seconds up to which a fetch waits, so that agents that lost one push do not come together."""

_NOT_APPLIED = "this agent failed to apply it; its log says more"

_MICROSECONDS = 1_000_000

_NOT_BEFORE = 0.1
"""Part of the time for reports in which none is sent: the push goes on meanwhile."""

_MISSED = 3 * 1.2 / 1_000_000
"""Three heartbeats that come up to a fifth late, per microsecond of their interval, in seconds."""


class Keeper:
    """The bundles of one service: the server's, the override's, and which of them is in force.

    Every method may be called from any thread; decisions are taken one at a time. ``apply`` puts a
    bundle in force and ``tell`` hears of it; both are called under the lock and must not wait.
    ``changed`` is notified whenever the standing changes.
    """

    def __init__(
        self,
        *,
        namespace: str,
        service: str,
        agent_version: str,
        cache: Cache | None,
        outbox: Outbox,
        apply: Callable[[Bundle], None],
        tell: Callable[[Change], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agent_version = agent_version
        self._cache = cache
        self._outbox = outbox
        self._apply = apply
        self._tell = tell
        self._now = now
        self.changed = Condition()
        self._standing = Standing()
        self._in_force = built_in(namespace, service)
        self._server: Bundle | None = None
        self._server_origin = Origin.SERVER
        self._override: Bundle | None = None
        self._rejected: dict[str, str] = {}
        self._unstored: Record | None = None
        self._endpoints = "0"
        self._report_within = 0

    @property
    def standing(self) -> Standing:
        """The facts of this moment."""
        return self._standing

    @property
    def in_force(self) -> Bundle:
        """The bundle that calls obey; the built-in default before there is any other."""
        return self._in_force

    # ── the disk ─────────────────────────────────────────────────────────────────────────────────

    def restore(self) -> None:
        """Take the last good bundle from the cache, unless the server was quicker."""
        if self._cache is None:
            return
        with self.changed:
            self._rejected.update(self._cache.rejected(self._agent_version))
            try:
                record = self._cache.load()
            except CacheError as error:
                _log.warning("starting without the last good bundle: %s", error)
                self._stand(unstored=str(error))
                return
            if record is not None and self._server is None:
                self._take_cached(record)

    def _take_cached(self, record: Record) -> None:
        if record.position.digest in self._rejected:
            return
        try:
            self._server = self._compile(record.position, record.data)
        except BundleError as error:
            _log.warning("starting without the last good bundle: %s", error)
            return
        self._server_origin = Origin.CACHE
        self._stand(held=record.position)
        self._enforce()

    def override(self, data: bytes | None, problem: str = "") -> None:
        """Let the operator's file mask the server's bundle, or no longer (None).

        A file that cannot be obeyed changes nothing but the reason in the status; so does
        ``problem``, which says why it could not even be read.
        """
        with self.changed:
            bundle = None
            if data is not None and not problem:
                try:
                    bundle = self._compile(Position("", 0, ""), data, digest=None)
                except BundleError as error:
                    problem = str(error)
            if problem:
                _log.error("the override file is not obeyed: %s", problem)
                self._stand(override_problem=f"the override file is not obeyed: {problem}")
                return
            self._override = bundle
            self._stand(override_problem="")
            self._enforce()
            self._report_held()

    # ── the server ───────────────────────────────────────────────────────────────────────────────

    def connected(self, session: Session) -> None:
        """A stream is open; the server learns at once what is in force."""
        with self.changed:
            self._stand(
                connected=True,
                problem="",
                heard=self._now(),
                patience=session.heartbeat * _MISSED,
            )
            self._report_within = session.report_within
            self._outbox.connect(session.id)
            self._report_held()

    def lost(self, problem: str) -> None:
        """There is no stream; ``problem`` says why."""
        with self.changed:
            if problem != self._standing.problem:
                _log.info("no stream from the server: %s", problem)
            self._outbox.connect("")
            self._stand(connected=False, problem=problem)

    def gone(self) -> None:
        """The service no longer exists; its last good bundle stays in force."""
        with self.changed:
            self._stand(gone=True, heard=self._now())

    def heartbeat(self, beat: Heartbeat) -> None:
        """Compare what the server wants with what is held, and plan a fetch if they differ."""
        with self.changed:
            self._endpoints = beat.endpoints
            self._report_within = beat.report_within
            self._stand(heard=self._now())
            if not beat.digest:
                return
            held = self._standing.held
            self._stand(wanted=beat.digest, gone=False, refusal=self._refusal(beat.digest))
            if held is not None and held.digest == beat.digest:
                self._store_again()
            elif beat.digest not in self._rejected:
                self._outbox.want(beat.digest, self._now() + HEAL_JITTER * random.random())

    def offer(self, offer: Offer) -> None:
        """Take ``offer`` whole, or reject it with a reason and keep what is in force."""
        with self.changed:
            held, position = self._standing.held, offer.position
            if held is not None and position.is_older_than(held) and not offer.reset:
                _log.warning("ignored version %d: %d is held", position.version, held.version)
                return
            if offer.reset and held is not None:
                _log.warning(
                    "version %d of %s replaces version %d of %s: the server's store was restored",
                    position.version, position.epoch, held.version, held.epoch,
                )  # fmt: skip
            self._stand(heard=self._now(), wanted=position.digest, gone=False)
            self._outbox.fetched(position.digest)
            if position.digest in self._rejected:
                self._refuse(position, self._rejected[position.digest])
            elif held is not None and held.digest == position.digest:
                self._advance(Record(position, offer.data), reset=offer.reset)
            else:
                self._accept(offer)

    def missed(self, position: Position, data: bytes) -> None:
        """As :meth:`offer`, for a bundle that was fetched because a heartbeat named it."""
        self.offer(Offer(dataclasses.replace(position, endpoints=self._endpoints), data))

    def _accept(self, offer: Offer) -> None:
        position = offer.position
        try:
            bundle = self._compile(position, offer.data, digest=position.digest)
        except DigestError as error:
            # Damaged on the way: the digest itself may well be good, so it is not remembered.
            self._refuse(position, str(error))
            return
        except BundleError as error:
            self._remember(position.digest, str(error))
            self._refuse(position, str(error))
            return
        self._store(Record(position, offer.data), reset=offer.reset)
        if self._replace(bundle):
            self._stand(held=position, refusal="")
            self._report_held()
        else:
            self._remember(position.digest, _NOT_APPLIED)
            self._refuse(position, _NOT_APPLIED)

    def _replace(self, bundle: Bundle) -> bool:
        """Put the server's bundle in force; False, and all is as it was, if that failed."""
        before = self._server, self._server_origin
        self._server, self._server_origin = bundle, Origin.SERVER
        try:
            self._enforce()
        except Exception:  # noqa: BLE001  a mistake in this agent must not end delivery for good
            _log.exception("applying version %d failed", bundle.version)
            self._server, self._server_origin = before
            self._enforce()
            return False
        return True

    def _advance(self, record: Record, *, reset: bool) -> None:
        """The same bundle at another position, such as after the server's store was restored."""
        if record.position != self._standing.held:
            self._store(record, reset=reset)
        self._server_origin = Origin.SERVER
        self._stand(held=record.position, refusal="")
        if self._override is None:
            self._stand(origin=Origin.SERVER)
        self._report_held()

    def _compile(self, position: Position, data: bytes, *, digest: str | None = None) -> Bundle:
        try:
            return compile_bundle(
                data,
                service=self._in_force.service,
                namespace=self._in_force.namespace,
                version=position.version,
                digest=digest,
            )
        except BundleError:
            raise
        except Exception as error:
            # A mistake in this agent must not end the delivery of the next, better bundle.
            _log.exception("compiling a bundle failed")
            raise BundleError(f"this agent failed to compile it: {error!r}") from error

    def _refuse(self, position: Position, reason: str) -> None:
        refusal = f"version {position.version} was rejected: {reason}"
        _log.error("%s", refusal)
        self._stand(refusal=refusal)
        self._report(position, "rejected", reason)

    def _refusal(self, wanted: str) -> str:
        """Why ``wanted`` is not held, as far as it was refused."""
        held = self._standing.held
        if held is not None and held.digest == wanted:
            return ""
        if wanted in self._rejected:
            return f"{wanted[:12]} was rejected: {self._rejected[wanted]}"
        return self._standing.refusal if wanted == self._standing.wanted else ""

    def _remember(self, digest: str, reason: str) -> None:
        self._rejected[digest] = reason
        if len(self._rejected) > MAX_REJECTED:
            del self._rejected[next(iter(self._rejected))]
        if self._cache is None:
            return
        try:
            self._cache.reject(digest, self._agent_version, reason)
        except CacheError as error:
            _log.warning("a rejected digest is remembered until the next start only: %s", error)

    # ── storing ──────────────────────────────────────────────────────────────────────────────────

    def _store(self, record: Record, *, reset: bool) -> None:
        """Keep ``record`` on disk; without space it is applied all the same, and tried again."""
        self._unstored = None
        if self._cache is None:
            return
        try:
            self._cache.store(record, reset=reset)
        except CacheError as error:
            self._unstored = record
            _log.warning("the bundle is in force but not on disk: %s", error)
            self._stand(unstored=f"the bundle is not on disk: {error}")
        else:
            self._stand(unstored="")

    def _store_again(self) -> None:
        if self._unstored is not None:
            self._store(self._unstored, reset=False)

    # ── what is in force ─────────────────────────────────────────────────────────────────────────

    def _enforce(self) -> None:
        """Apply the override, else the server's bundle, else the built-in default."""
        before = self._described()
        chosen = self._override or self._server
        if chosen is None:
            chosen = built_in(self._in_force.namespace, self._in_force.service)
        origin = Origin.OVERRIDE if self._override else self._server_origin
        self._apply(chosen)
        self._in_force = chosen
        self._stand(origin=origin if chosen.digest else Origin.BUILT_IN)
        after = self._described()
        if (before.digest, before.origin) != (after.digest, after.origin):
            _log.info("version %d (%s) from %s", after.version, after.digest[:12], after.origin)
            self._tell(Change(before, after))

    def _described(self) -> InForce:
        bundle = self._in_force
        return InForce(self._standing.origin, bundle.digest, bundle.version)

    def _report_held(self) -> None:
        held = self._standing.held
        if held is not None:
            self._report(held, "overridden" if self._override else "applied")

    def _report(self, position: Position, state: ReportState, reason: str = "") -> None:
        report = Report(position.version, position.digest, state, reason, position.revision)
        # A rejection is news at once; that all is well may wait until others have said so.
        spread = 0 if state == "rejected" else self._report_within / _MICROSECONDS
        self._outbox.put(report, self._now() + spread * random.uniform(_NOT_BEFORE, 1.0))

    def _stand(self, **facts: object) -> None:
        self._standing = replace(self._standing, **facts)
        self.changed.notify_all()
