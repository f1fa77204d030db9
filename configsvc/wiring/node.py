"""A node: both planes and the controller as children of one process, over one data directory."""

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from configsvc import __version__
from configsvc.errors import InputError
from configsvc.settings import Settings
from configsvc.usecases import Tokens
from configsvc.wiring.assembly import control_plane, open_store
from configsvc.wiring.children import Plan, python_module
from configsvc.wiring.data_directory import DataDirectory
from configsvc.wiring.folders import check_policies
from configsvc.wiring.listening import Listener, check_exposure, listen, reserve
from configsvc.wiring.membership import Member, check_advertised, node_name, reader_token
from configsvc.wiring.probing import accepts, answers, responds
from configsvc.wiring.supervisor import Supervisor
from configsvc.wiring.xds_plane import check_installed

_log = logging.getLogger("configsvc.serve")

_OPERATORS_FIRST: Final = 0
_THE_OTHERS: Final = 1

AFTER_A_KILL: Final = 10.0
"""Seconds in which the children of a node that was killed free its addresses."""

METRICS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that makes the operator plane's processes add their numbers up."""


class UnsharedStoreError(InputError):
    """The store is one that several processes cannot share."""

    def __init__(self, store: str) -> None:
        super().__init__(
            f"store {store!r} lives in the memory of one process, and a node has several: "
            "leave --store out, or give sqlite"
        )


class Node:
    """Serves until it is told to stop.

    Args:
        settings: as the operator chose.
        tell: gets lines for people: where the planes are, where the first token is.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._directory = DataDirectory(settings.data)

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, and return the exit code; in the main thread.

        Everything that can be refused is refused before anything is started.

        Raises:
            InsecureListenError, UnsharedStoreError, PoliciesError, InvalidNameError,
            XdsNotInstalledError, AdvertisedError: the settings ask for what is not done.
            ListenError, DataDirectoryError, StoreError: the surroundings do not allow it.
        """
        check_exposure(self._settings)
        check_policies(self._settings)
        check_installed(self._settings)
        check_advertised(self._settings)
        if self._settings.store == "memory":
            raise UnsharedStoreError(self._settings.store)
        patience = AFTER_A_KILL if self._directory.was_left else 0.0
        with ExitStack() as stack:
            planes = Planes(*listen(self._settings, patience))
            stack.callback(planes.close)
            planes = replace(planes, xds=reserve(self._settings, patience))
            stack.callback(planes.close)
            stack.callback(self._directory.close)
            self._directory.open()
            self._prepare_store(planes.operator)
            return self._supervise(planes)

    def _prepare_store(self, operator: Listener) -> None:
        """Open the store once before there are children: it is good, and somebody may use it."""
        with closing(open_store(self._settings)) as store:
            tokens = control_plane(self._settings, store).tokens
            if tokens.mint_first(self._directory.keep_admin_token):
                path = self._directory.admin_token
                _log.info("minted the first admin token", extra={"file": str(path)})
                self._tell(f"admin token     {path}  (readable by you alone)")
            if self._settings.clustered:
                self._join(tokens, self._settings.advertise or operator.url)

    def _join(self, tokens: Tokens, url: str) -> None:
        """Tell the children who this node is among those of the store."""
        name = node_name()
        former = Member.load(self._settings)
        token = reader_token(tokens, former.token if former else "", name)
        Member(name, url, token).save(self._directory.keep_secret, self._settings)
        self._tell(f"node            {name}  {url}")

    def _supervise(self, planes: "Planes") -> int:
        lifeline, held = os.pipe()
        try:
            supervisor = Supervisor(
                _plans(self._settings, planes, lifeline),
                on_ready=partial(self._announce, planes),
                on_stop=partial(self._withdraw, planes),
            )
            return supervisor.run()
        finally:
            os.close(lifeline)
            os.close(held)

    def _announce(self, planes: "Planes") -> None:
        facts = {
            "pid": os.getpid(),
            "version": __version__,
            "operator": planes.operator.url,
            "agents": planes.agents.url,
        }
        if planes.xds is not None:
            facts["xds"] = planes.xds.url
        self._directory.announce(facts)
        self._tell(f"operator plane  {planes.operator.url}")
        self._tell(f"agent plane     {planes.agents.url}")
        if planes.xds is not None:
            self._tell(f"xDS plane       {planes.xds.url}")
        self._tell("ready")
        _log.info("serving", extra=facts)

    def _withdraw(self, planes: "Planes") -> None:
        """From now on connections are refused instead of waiting for nobody."""
        self._directory.ready.unlink(missing_ok=True)
        planes.close()


@dataclass(frozen=True, slots=True)
class Planes:
    """Where the planes of a node are; ``xds`` None: it has no such plane."""

    operator: Listener
    agents: Listener
    xds: Listener | None = None

    def close(self) -> None:
        """Close their sockets; closing twice is harmless."""
        for listener in (self.operator, self.agents, self.xds):
            if listener is not None:
                listener.socket.close()


def _plans(settings: Settings, planes: Planes, lifeline: int) -> tuple[Plan, ...]:
    operator, agents = planes.operator, planes.agents
    certificate = Path(settings.tls_certificate) if settings.tls else None
    environment = {**os.environ, **settings.as_environment()}
    metrics = {**environment, METRICS: str((settings.run / "metrics").absolute())}
    return (
        _plan(
            "operator", metrics, lifeline, operator,
            probe=partial(answers, operator, "/readyz", certificate),
            responds=partial(responds, operator, "/healthz", certificate),
            phase=_OPERATORS_FIRST,
        ),
        _plan(
            "agents", environment, lifeline, agents,
            probe=partial(answers, agents, "/healthz", certificate),
            responds=partial(responds, agents, "/healthz", certificate),
        ),
        _plan("controller", environment, lifeline),
        *_xds_plan(planes.xds, environment, lifeline),
    )  # fmt: skip


def _xds_plan(
    xds: Listener | None, environment: Mapping[str, str], lifeline: int
) -> tuple[Plan, ...]:
    if xds is None:
        return ()
    bound = {**environment, "CONFIGSVC_XDS_LISTEN": str(xds.address)}
    return (_plan("xds", bound, lifeline, probe=partial(accepts, xds)),)


def _plan(
    name: str,
    environment: Mapping[str, str],
    lifeline: int,
    listener: Listener | None = None,
    *,
    probe: Callable[[], bool] | None = None,
    responds: Callable[[], bool] | None = None,
    phase: int = _THE_OTHERS,
) -> Plan:
    descriptors = (listener.socket.fileno(),) if listener else ()
    numbers = (os.getpid(), lifeline, *descriptors)
    arguments = python_module("configsvc.wiring.process", name, *map(str, numbers))
    return Plan(name, arguments, environment, (lifeline, *descriptors), probe, responds, phase)
