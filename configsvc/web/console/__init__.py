"""The console: the built front end under ``/console/``, served with a policy that trusts only it.

Everything that a page shows or does goes through the public API; this room serves files and knows
nothing of namespaces. The front end's source is in ``frontend/``, and ``tools/build_console.py``
builds it into ``_built/``, which wheels carry.
"""

from configsvc.web.console.serving import install

__all__ = ["install"]
