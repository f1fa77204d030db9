"""The policy engine: what a guarded call obeys, decided without I/O, clock, thread or chance.

Every state machine takes the present (``now``, monotonic microseconds) and chance (a callable that
returns a float in [0, 1)) as arguments, so that a driver can run it under real time and a simulator
under virtual time. Nothing here sleeps, and nothing here knows what an attempt is made of.

:class:`Machines` holds the policies in force and their machines; a :class:`Call` under one
:class:`Plan` of it is one guarded call.
"""

from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import (
    HAND_OUT,
    NO_FACTS,
    PENDING,
    Attempt,
    Command,
    Facts,
    HandOut,
    Pending,
    Ports,
    Refuse,
    Substitute,
    Wait,
)
from configsvc_agent.engine.events import Event
from configsvc_agent.engine.outcome import SUCCESS, TIMEOUT, Outcome, failure
from configsvc_agent.engine.plan import Plan
from configsvc_agent.engine.policy import CallPolicy, Edge
from configsvc_agent.engine.registry import MachineKey, Machines
from configsvc_agent.engine.waiting import Waker

__all__ = [
    "HAND_OUT",
    "NO_FACTS",
    "PENDING",
    "SUCCESS",
    "TIMEOUT",
    "Attempt",
    "Call",
    "CallPolicy",
    "Command",
    "Edge",
    "Event",
    "Facts",
    "HandOut",
    "MachineKey",
    "Machines",
    "Outcome",
    "Pending",
    "Plan",
    "Ports",
    "Refuse",
    "Substitute",
    "Wait",
    "Waker",
    "failure",
]
