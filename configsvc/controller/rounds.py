"""The controller's rounds: become the leader, then do what is due, until told to stop."""

import logging
from collections.abc import Callable, Sequence

from configsvc.controller.companions import Companion
from configsvc.controller.duties import Duty
from configsvc.controller.leadership import Leadership
from configsvc.store import StoreError

_log = logging.getLogger("configsvc.controller")

STANDBY = 1.0
"""Seconds between two tries to become the leader."""


class Controller:
    """Runs duties, one after the other, in the process that leads.

    Args:
        leadership: decides whether this process works.
        duties: what there is to do; each is due at once when leading begins.
        clock: seconds that never go back, such as `time.monotonic`.
        wait: waits for a number of seconds and returns True if it is time to stop.
        companions: what runs beside the duties while this process leads.
    """

    def __init__(
        self,
        leadership: Leadership,
        duties: Sequence[Duty],
        clock: Callable[[], float],
        wait: Callable[[float], bool],
        companions: Sequence[Companion] = (),
    ) -> None:
        self._leadership = leadership
        self._duties = duties
        self._clock = clock
        self._wait = wait
        self._companions = companions
        self._leading = False
        self._due: dict[str, float] = {}

    def run(self) -> None:
        """Work until `wait` says that it is time to stop; then give leadership up."""
        try:
            while not self._wait(self.round()):
                pass
        finally:
            self._follow()
            self._leadership.give_up()

    def round(self) -> float:
        """Do what is due, if this process leads, and return the seconds until the next round."""
        if not self._may_lead():
            return STANDBY
        for duty in self._duties:
            if self._due[duty.name] <= self._clock():
                self._do(duty)
                self._due[duty.name] = self._clock() + duty.every
        return max(0.0, min(self._due.values(), default=STANDBY) - self._clock())

    def _may_lead(self) -> bool:
        try:
            led = self._lead()
        except (OSError, StoreError) as exc:
            _log.warning("leadership cannot be claimed, trying again: %s", exc)
            self._follow()
            return False
        return led

    def _lead(self) -> bool:
        if not self._leadership.held():
            self._follow()
            return False
        if not self._leading:
            _log.info("leading", extra={"duties": [duty.name for duty in self._duties]})
            self._leading = True
            self._due = {duty.name: self._clock() for duty in self._duties}
            for companion in self._companions:
                companion.start()
        return True

    def _follow(self) -> None:
        """Do nothing any more of what the leader alone does."""
        self._leading = False
        self._due.clear()
        for companion in self._companions:
            companion.stop()

    def _do(self, duty: Duty) -> None:
        """Run a duty; a failure is logged and tried again when the duty is due next.

        Also a defect: a process that ends for it takes the node, and with it both planes, along.
        """
        try:
            did = duty.run()
        except Exception:  # noqa: BLE001 see above
            _log.exception("duty failed: %s", duty.name, extra={"duty": duty.name})
            return
        level = logging.INFO if any(did.values()) else logging.DEBUG
        _log.log(level, "duty done: %s", duty.name, extra={"duty": duty.name, **did})
