"""From the server, the disk or the operator's file to what is in force.

Here is what everybody sees of it. What does it, `configsvc_agent.delivery.threads`, is imported
when an agent starts.
"""

from configsvc_agent.delivery._registration import Registration
from configsvc_agent.delivery._status import Origin, State, Status
from configsvc_agent.delivery._subscribers import Callback, Change, InForce, Subscriber, subscribe

__all__ = [
    "Callback",
    "Change",
    "InForce",
    "Origin",
    "Registration",
    "State",
    "Status",
    "Subscriber",
    "subscribe",
]
