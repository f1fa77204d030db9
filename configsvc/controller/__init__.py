"""What a node does on its own time: one process, and among several nodes one leader."""

from configsvc.controller.companions import Companion
from configsvc.controller.duties import (
    Duty,
    collect_blobs,
    compact_history,
    expire_acks,
    expire_answers,
)
from configsvc.controller.instances import InstanceKeeper, keep_instances
from configsvc.controller.key_fetching import KeyFetcher
from configsvc.controller.key_sets import KeySetKeeper
from configsvc.controller.leadership import FileLeadership, Leadership, LeasedLeadership
from configsvc.controller.probing import Prober
from configsvc.controller.rolling import carry_on_rollouts
from configsvc.controller.rounds import Controller

__all__ = [
    "Companion",
    "Controller",
    "Duty",
    "FileLeadership",
    "InstanceKeeper",
    "KeyFetcher",
    "KeySetKeeper",
    "Leadership",
    "LeasedLeadership",
    "Prober",
    "carry_on_rollouts",
    "collect_blobs",
    "compact_history",
    "expire_acks",
    "expire_answers",
    "keep_instances",
]
