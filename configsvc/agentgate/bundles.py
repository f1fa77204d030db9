"""The endpoint of bundles: fetched, asked for on condition, or waited for."""

from http import HTTPStatus
from typing import Final

from configsvc.agentgate.doorkeeper import labels_of, named_instance
from configsvc.agentgate.exchange import Exchange
from configsvc.agentgate.http import ProblemError, Request, Response, bad_request, unavailable
from configsvc.agentgate.hub import Waiter
from configsvc.agentgate.process import Process, answer_later
from configsvc.model.quantities import InvalidQuantityError, parse_duration
from configsvc.push import Offer

MAX_WAIT: Final = 60_000_000
"""Longest long poll, microseconds."""


class BundleEndpoint:
    """Answers with the bundle in force of a service.

    Args:
        process: the process it lives in.
    """

    def __init__(self, process: Process) -> None:
        self._process = process

    def answer(self, exchange: Exchange, namespace: str, service: str, offer: Offer) -> None:
        """Answer now, or after a wait for something else than the offer.

        Raises:
            ProblemError: 400, the wait is none; 404, another bundle than the offer is asked for.
        """
        request = exchange.request
        asked = request.query.get("digest", offer.digest)
        if asked != offer.digest:
            raise ProblemError(
                HTTPStatus.NOT_FOUND,
                "not-in-force",
                f"the bundle {asked[:64]!r} is not in force, {offer.digest} is",
            )
        wait = _wait(request)
        if not _has(request, offer.digest):
            answer_later(self._process, exchange, self._send(exchange, offer))
        elif not wait:
            exchange.respond(_not_modified(offer))
        else:
            self._await(exchange, (namespace, service), wait)

    def _await(self, exchange: Exchange, service: tuple[str, str], wait: int) -> None:
        """Answer once the service has another bundle, or when the time is up."""

        def answer(exchange: Exchange) -> None:
            try:
                self._answer_after_wait(exchange, service)
            except ProblemError as problem:
                exchange.respond(problem.response())

        waiter = Waiter(exchange, service, answer, self._process.hub.leave)
        self._process.hub.await_change(waiter)
        waiter.start(self._process.loop, wait / 1_000_000)

    def _answer_after_wait(self, exchange: Exchange, service: tuple[str, str]) -> None:
        """Answer with what is in force now, if the token is good still."""
        self._process.doorkeeper.admit(exchange.request, self._process.now(), looked_up=True)
        known = self._process.in_force(service[0])
        request = exchange.request
        instance, labels = named_instance(request), labels_of(request)
        offer = known.offer(service[1], instance, labels) if known else None
        if offer is None or self._process.refusal() is not None:
            raise unavailable("ask again")
        if _has(request, offer.digest):
            exchange.respond(_not_modified(offer))
        else:
            answer_later(self._process, exchange, self._send(exchange, offer))

    async def _send(self, exchange: Exchange, offer: Offer) -> None:
        data = await self._process.bundle(offer.digest)
        headers = {"Content-Type": "application/json", **_versions(offer)}
        exchange.respond(Response(HTTPStatus.OK, data, headers))


def _wait(request: Request) -> int:
    """How long to wait for a change, microseconds."""
    text = request.query.get("wait")
    if text is None:
        return 0
    try:
        wait = parse_duration(text)
    except InvalidQuantityError as exc:
        raise bad_request(f"wait: {exc}") from exc
    if wait > MAX_WAIT:
        raise bad_request(f"wait is {text[:40]!r}: wait at most 60s and ask again")
    return wait


def _has(request: Request, digest: str) -> bool:
    """True if the request's `If-None-Match` names the digest (weak tags compare alike)."""
    header = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or f'"{digest}"' in tags


def _not_modified(offer: Offer) -> Response:
    return Response(HTTPStatus.NOT_MODIFIED, headers=_versions(offer))


def _versions(offer: Offer) -> dict[str, str]:
    return {
        "ETag": f'"{offer.digest}"',
        "Configsvc-Version": str(offer.version),
        "Configsvc-Epoch": offer.epoch,
        "Configsvc-Revision": str(offer.revision),
        "Cache-Control": "no-store",
    }
