"""From the server, the disk or the operator's file to what is in force."""

from configsvc_agent.delivery._delivery import Delivery
from configsvc_agent.delivery._status import Origin, State, Status
from configsvc_agent.delivery._subscribers import Callback, Change, InForce, Subscriber

__all__ = [
    "Callback",
    "Change",
    "Delivery",
    "InForce",
    "Origin",
    "State",
    "Status",
    "Subscriber",
]
