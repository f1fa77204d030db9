"""The operator plane's process: gunicorn with threads, around the Flask application."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication
from prometheus_client.multiprocess import mark_process_dead

from configsvc.agentgate.app import PassingLogger
from configsvc.agentgate.certificate import Certificate
from configsvc.fleet import ask_metrics
from configsvc.settings import Settings
from configsvc.store import Store
from configsvc.web import create_app
from configsvc.web.metrics import MULTIPROCESS
from configsvc.wiring import lifeline
from configsvc.wiring.assembly import control_plane, open_store
from configsvc.wiring.membership import Member
from configsvc.wiring.operator_worker import OperatorWorker

DRAIN: Final = 4
"""Whole seconds that requests under way get when the process is stopped."""

KEEP_ALIVE: Final = 30
"""Seconds for which an idle connection is kept; a console asks more often than that."""


class OperatorPlane(BaseApplication):  # type: ignore[misc]  # gunicorn has no type information
    """The gunicorn application of the operator plane.

    Args:
        settings: how it is served.
        descriptor: the listening socket.
    """

    def __init__(self, settings: Settings, descriptor: int) -> None:
        self.settings = settings
        self.descriptor = descriptor
        self.store: Store | None = None
        self._worker: Any = None
        super().__init__()

    def load_config(self) -> None:
        """See gunicorn."""
        settings = self.settings
        options: dict[str, Any] = {
            "bind": [f"fd://{self.descriptor}"],
            "worker_class": OperatorWorker,
            "workers": settings.operator_workers,
            "threads": settings.operator_threads,
            "keepalive": KEEP_ALIVE,
            "graceful_timeout": DRAIN,
            "logger_class": PassingLogger,
            "loglevel": settings.log_level,
            "proc_name": "configsvc-operator",
            "control_socket_disable": True,
            "post_fork": _follow_arbiter,
            "post_worker_init": self._note_worker,
            "worker_exit": self._close_store,
            "child_exit": _forget_gauges,
        }
        if settings.tls:
            options |= {
                "certfile": settings.tls_certificate,
                "keyfile": settings.tls_key,
                "ssl_context": _following(settings),
            }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Build the application; gunicorn calls this in each worker, after the fork."""
        self.store = open_store(self.settings)
        return create_app(
            control_plane(self.settings, self.store, Member.load(self.settings)),
            agent_metrics=lambda: ask_metrics(self.settings.run).metrics,
            open_metrics=self.settings.operator_address.is_loopback,
            threads=self.settings.operator_threads,
            alive=self._is_alive,
        )

    def _note_worker(self, worker: Any) -> None:  # noqa: ANN401 gunicorn has no types
        self._worker = worker

    def _is_alive(self) -> bool:
        """Whether this worker has not been told to end."""
        return self._worker is None or bool(self._worker.alive)

    def _close_store(self, _arbiter: object, _worker: object) -> None:
        if self.store is not None:
            self.store.close()


def serve(settings: Settings, descriptor: int) -> None:
    """Serve operators on a listening socket until SIGTERM or SIGINT; ends the process."""
    _forget_former_numbers(Path(os.environ[MULTIPROCESS]))
    OperatorPlane(settings, descriptor).run()


def _following(settings: Settings) -> Callable[..., ssl.SSLContext]:
    """What gunicorn calls for each connection: one context, and its files looked at anew."""
    certificate = Certificate(Path(settings.tls_certificate), Path(settings.tls_key))

    def context(_config: object, _default: object) -> ssl.SSLContext:
        certificate.refresh()
        return certificate.context

    return context


def _follow_arbiter(_arbiter: object, _worker: object) -> None:
    """End with gunicorn's main process: what the kernel was asked for does not outlast a fork."""
    lifeline.follow_kernel(os.getppid())


def _forget_former_numbers(directory: Path) -> None:
    """Let counters begin at zero, as a process's do, and not at those of an earlier run."""
    directory.mkdir(mode=0o700, exist_ok=True)
    for file in directory.glob("*.db"):
        file.unlink(missing_ok=True)


def _forget_gauges(_arbiter: object, worker: Any) -> None:  # noqa: ANN401 gunicorn has no types
    """Leave the numbers of the present out that an ended worker cannot know any more."""
    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
