"""When an instance whose agent is gone is taken off the list: a decision, never an accident."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from configsvc.registry.instances import Instance

MASS_SHARE: Final = 30
"""Percent of a service's instances of which more must not expire within one grace."""

MASS_LEAST: Final = 3
"""Instances that may always expire, whatever their share."""

OWNER_SILENCE: Final = 9_000_000
"""Microseconds without a sign of life after which a process counts as dead."""

Key = tuple[str, str, str]
"""Namespace, service and id."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is to be done now: records to delete, and to mark as suspect."""

    expire: tuple[Instance, ...] = ()
    suspect: tuple[Instance, ...] = ()


@dataclass(slots=True)
class _Absence:
    """Since when an instance, under one session, is seen to have no stream."""

    session: str
    since: int


@dataclass(slots=True)
class _Owners:
    """Processes and when each was last seen to be alive."""

    seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def look(self, beats: Mapping[str, int], now: int) -> None:
        """Take note of each process's newest beat."""
        known = self.seen
        self.seen = {
            owner: known[owner] if known.get(owner, (None, 0))[0] == beat else (beat, now)
            for owner, beat in beats.items()
        }

    def alive(self, owner: str, now: int) -> bool:
        """Whether a process showed that it lives lately enough."""
        _, at = self.seen.get(owner, (0, -OWNER_SILENCE))
        return now - at < OWNER_SILENCE


class Expiry:
    """Decides about instances by what one controller sees; time is its own monotonic clock.

    An instance has no stream when its record says so or when the process that had its stream shows
    no sign of life. The grace counts from when this controller first saw that, which is never
    earlier than its own start or than the last time the store answered again (`begin_anew`). Where
    more than `MASS_SHARE` of a service and at least `MASS_LEAST` would go within one grace, none of
    them does: they become suspects, and a failed health check ends each. Whoever has the stream of
    an instance says so in its record again. Times are microseconds.
    """

    def __init__(self) -> None:
        self._absent: dict[Key, _Absence] = {}
        self._expired: dict[tuple[str, str], list[int]] = {}
        self._owners = _Owners()

    def begin_anew(self) -> None:
        """The controller has started, or the store was away: nothing seen before counts."""
        self._absent.clear()
        self._owners = _Owners()

    def decide(
        self,
        instances: Collection[Instance],
        beats: Mapping[str, int],
        graces: Mapping[tuple[str, str], int],
        now: int,
    ) -> Decisions:
        """What to do about these: all instances that there are.

        Args:
            instances: every record.
            beats: by owner a number that rises while the process lives.
            graces: by namespace and service, how long an instance stays listed without a stream.
            now: the controller's monotonic clock.
        """
        self._owners.look(beats, now)
        self._note_absences(instances, now)
        services: dict[tuple[str, str], list[Instance]] = {}
        for each in instances:
            services.setdefault((each.namespace, each.service), []).append(each)
        found = [
            self._about(key, members, graces[key], now) for key, members in sorted(services.items())
        ]
        return Decisions(
            tuple(one for each in found for one in each.expire),
            tuple(one for each in found for one in each.suspect),
        )

    def _note_absences(self, instances: Iterable[Instance], now: int) -> None:
        before, self._absent = self._absent, {}
        for each in instances:
            if each.state == "up" and self._owners.alive(each.owner, now):
                continue
            key = _key(each)
            known = before.get(key)
            self._absent[key] = (
                known if known and known.session == each.session else _Absence(each.session, now)
            )

    def _about(
        self, service: tuple[str, str], members: list[Instance], grace: int, now: int
    ) -> Decisions:
        gone = [each for each in members if _key(each) in self._absent]
        due = [each for each in gone if now - self._absent[_key(each)].since >= grace]
        lately = [at for at in self._expired.get(service, ()) if now - at < grace]
        if not due:
            return Decisions()
        if is_mass(len(gone) + len(lately), len(members) + len(lately)):
            sick = tuple(each for each in due if each.state == "suspect" and not each.healthy)
            fresh = tuple(each for each in due if each.state != "suspect")
            return Decisions(expire=sick, suspect=fresh)
        self._expired[service] = lately + [now] * len(due)
        return Decisions(expire=tuple(due))


def is_mass(leaving: int, total: int) -> bool:
    """Whether so many of so many are more than may go within one grace."""
    return leaving >= MASS_LEAST and leaving * 100 > MASS_SHARE * total


def _key(instance: Instance) -> Key:
    return instance.namespace, instance.service, instance.id
