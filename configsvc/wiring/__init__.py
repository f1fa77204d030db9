"""The composition root: the only room that names a backend, and that starts processes."""

from configsvc.wiring.assembly import control_plane, open_store

__all__ = ["control_plane", "open_store"]
