"""The back end of front ends: runs a Bff resource as an ASGI application on the agent.

Endpoints, their calls and the shape of their answers come with the agent's bundle, and change with
it; the calls obey the same policies as those of any service.
"""

from configsvc.bff.app import BffApp, guarded
from configsvc.bff.references import InvalidReferenceError, Reference, Template

__all__ = ["BffApp", "InvalidReferenceError", "Reference", "Template", "guarded"]
