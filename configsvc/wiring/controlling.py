"""The controller's process."""

import signal
import threading
import time
from contextlib import closing
from types import FrameType

from configsvc.controller import (
    Controller,
    FileLeadership,
    carry_on_rollouts,
    collect_blobs,
    expire_acks,
    expire_answers,
)
from configsvc.settings import Settings
from configsvc.store import Answers, Collector, Namespaces
from configsvc.wiring.assembly import control_plane, now, open_store, random_name
from configsvc.wiring.folders import watched_folders


def serve(settings: Settings, _descriptor: int) -> None:
    """Do the controller's rounds until SIGTERM or SIGINT."""
    stop = threading.Event()

    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    with closing(open_store(settings)) as store:
        namespaces = Namespaces(store, now, random_name)
        every = float(settings.collect_every)
        duties = [
            carry_on_rollouts(namespaces, control_plane(settings, store).rollouts),
            expire_answers(namespaces, Answers(store, now), every),
            expire_acks(store, namespaces, every),
            collect_blobs(Collector(store, namespaces, now), every),
        ]
        leadership = FileLeadership(settings.run / "controller.lock")
        companions = watched_folders(settings, store, namespaces)
        Controller(leadership, duties, time.monotonic, stop.wait, companions).run()
