"""Starting the agent plane: gunicorn with our worker, configured in code."""

import logging
from collections.abc import Callable
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from configsvc.agentgate.options import AgentGateSettings
from configsvc.agentgate.worker import AgentGateWorker
from configsvc.store import Store

HUNG: Final = 30
"""Seconds after which a process whose loop does not turn is killed and started anew."""

OpenStore = Callable[[], Store]
"""Opens the store; called in each process, after the fork."""


class PassingLogger(Logger):  # type: ignore[misc]  # gunicorn has no type information
    """Hands gunicorn's own lines to whatever logging the program has set up."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 gunicorn's configuration
        """See gunicorn."""
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.propagate = True
        self.error_log.setLevel(self.LOG_LEVELS.get(cfg.loglevel, logging.INFO))


class AgentPlane(BaseApplication):  # type: ignore[misc]  # gunicorn has no type information
    """The gunicorn application of the agent plane.

    Args:
        settings: how it is served.
        open_store: opens the store in each process, after the fork.
    """

    def __init__(self, settings: AgentGateSettings, open_store: OpenStore) -> None:
        self.settings = settings
        self.open_store = open_store
        super().__init__()

    def load_config(self) -> None:
        """See gunicorn."""
        settings = self.settings
        options: dict[str, Any] = {
            "bind": list(settings.bind),
            "workers": settings.processes,
            "worker_class": AgentGateWorker,
            "logger_class": PassingLogger,
            "loglevel": settings.log_level,
            "backlog": 65_535,  # as many as the system allows
            "timeout": HUNG,
            "graceful_timeout": int(settings.grace) + 5,
            "proc_name": "configsvc-agentgate",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> None:
        """See gunicorn; there is no WSGI application."""


def serve(settings: AgentGateSettings, open_store: OpenStore) -> None:
    """Serve agents until SIGTERM or SIGINT; must be called in a process's main thread.

    Does not return: gunicorn ends the process, with exit code 0 after a signal.

    Args:
        settings: how it is served.
        open_store: opens the store in each process, after the fork; no store may be open yet.

    Raises:
        InputError: the settings cannot work.
    """
    settings.check()
    settings.run_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.run_directory.chmod(0o700)
    AgentPlane(settings, open_store).run()
