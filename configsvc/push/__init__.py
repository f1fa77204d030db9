"""What an agent should be sent and when: plain objects, without sockets and clocks."""

from configsvc.push.heartbeats import HEARTBEAT, heartbeat_delay
from configsvc.push.offers import Held, Need, Offer, Push, PushKind, ResumeId, need
from configsvc.push.pacing import (
    SLICE,
    Queue,
    drain_delays,
    has_outlived,
    reconnect_delay,
    report_window,
)
from configsvc.push.subscription import Subscription

__all__ = [
    "HEARTBEAT",
    "SLICE",
    "Held",
    "Need",
    "Offer",
    "Push",
    "PushKind",
    "Queue",
    "ResumeId",
    "Subscription",
    "drain_delays",
    "has_outlived",
    "heartbeat_delay",
    "need",
    "reconnect_delay",
    "report_window",
]
