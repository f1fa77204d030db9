"""What agents report, read strictly where it is counted and tolerantly elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from configsvc.agentgate.doorkeeper import check_instance
from configsvc.agentgate.http import bad_request
from configsvc.fleet import AgentReport, AgentState, Breaker, BundleReport, Traffic

MAX_REASON: Final = 500
_MAX_TEXT: Final = 128
_MAX_EDGE: Final = 400
_MAX_REPORTS: Final = 64
_MAX_BREAKERS: Final = 500
_MAX_TRAFFIC: Final = 500
_MAX_RATE: Final = 1e9
_MAX_VERSION: Final = 1 << 63
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OUTCOMES: Final = {
    state.value: state for state in (AgentState.APPLIED, AgentState.REJECTED, AgentState.OVERRIDDEN)
}
_HEALTH: Final = ("ready", "stale", "failed")


@dataclass(frozen=True, slots=True)
class Reported:
    """A report and whom it is about."""

    namespace: str
    service: str
    instance: str
    report: AgentReport

    @property
    def identity(self) -> tuple[str, str, str]:
        """Namespace, service and instance."""
        return (self.namespace, self.service, self.instance)


def read_report(body: bytes) -> Reported:
    """Read the body of a report.

    Raises:
        ProblemError: 400, with the JSON pointer of what is wrong.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise bad_request(f"the report is not JSON: {exc}") from exc
    return parse_report(value)


def parse_report(value: object) -> Reported:
    """Read a report that is JSON already; fields that are not known are ignored.

    Raises:
        ProblemError: 400, with the JSON pointer of what is wrong.
    """
    if not isinstance(value, dict):
        raise bad_request("the report is not a JSON object")
    agent = _object(value, "agent")
    return Reported(
        namespace=_text(value, "namespace"),
        service=_text(value, "service"),
        instance=check_instance(_text(value, "instance")),
        report=AgentReport(
            session=_text(value, "session"),
            reports=tuple(_outcomes(value)),
            health=_health(value.get("health")),
            language=_optional_text(agent, "language", "/agent"),
            agent_version=_optional_text(agent, "version", "/agent"),
            breakers=_breakers(value),
            traffic=_traffic(value),
            latency_p99=_latency(value.get("latencyP99")),
        ),
    )


def _outcomes(value: Mapping[str, Any]) -> list[BundleReport]:
    entries = _array(value, "reports", _MAX_REPORTS) or []
    return [_outcome(f"/reports/{index}", entry) for index, entry in enumerate(entries)]


def _outcome(at: str, entry: Mapping[str, Any]) -> BundleReport:
    version, digest, state = entry.get("version"), entry.get("digest"), entry.get("state")
    if type(version) is not int or not 0 <= version < _MAX_VERSION:
        raise bad_request(f"{at}/version is {_seen(version)}, not a bundle's version")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise bad_request(f"{at}/digest is {_seen(digest)}, not 64 lower-case hexadecimal digits")
    if not isinstance(state, str) or state not in _OUTCOMES:
        raise bad_request(f"{at}/state is {_seen(state)}: use one of {', '.join(_OUTCOMES)}")
    reason = _optional_text(entry, "reason", at, MAX_REASON)
    return BundleReport(version, digest, _OUTCOMES[state], reason or "")


def _breakers(value: Mapping[str, Any]) -> tuple[Breaker, ...] | None:
    entries = _array(value, "breakers", _MAX_BREAKERS)
    if entries is None:
        return None
    return tuple(
        Breaker(
            _text(entry, "edge", f"/breakers/{index}", _MAX_EDGE),
            _text(entry, "state", f"/breakers/{index}"),
        )
        for index, entry in enumerate(entries)
    )


def _traffic(value: Mapping[str, Any]) -> tuple[Traffic, ...] | None:
    entries = _array(value, "traffic", _MAX_TRAFFIC)
    if entries is None:
        return None
    return tuple(
        Traffic(
            _text(entry, "to", f"/traffic/{index}"),
            _text(entry, "operation", f"/traffic/{index}"),
            _rate(entry, f"/traffic/{index}/rate"),
            _rate(entry, f"/traffic/{index}/failures"),
        )
        for index, entry in enumerate(entries)
    )


def _latency(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is int and 0 <= value < _MAX_VERSION:
        return value
    raise bad_request(f"/latencyP99 is {_seen(value)}: send whole microseconds")


def _rate(value: Mapping[str, Any], at: str) -> float:
    """The calls per second at a pointer, of which the last segment is the name."""
    found: Any = value.get(at.rpartition("/")[2])
    number = isinstance(found, int | float) and not isinstance(found, bool)
    if not number or not 0 <= float(found) <= _MAX_RATE:
        raise bad_request(f"{at} is {_seen(found)}: send calls per second, 0 to 1e9")
    return float(found)


def _health(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value in _HEALTH:
        return value
    raise bad_request(f"/health is {_seen(value)}: use one of {', '.join(_HEALTH)}")


def _array(value: Mapping[str, Any], name: str, limit: int) -> list[dict[str, Any]] | None:
    entries = value.get(name)
    if entries is None:
        return None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise bad_request(f"/{name} is {_seen(entries)}, not a list of objects")
    if len(entries) > limit:
        raise bad_request(f"/{name} has {len(entries)} entries: send at most {limit}")
    return entries


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name, {})
    if not isinstance(found, dict):
        raise bad_request(f"/{name} is {_seen(found)}, not an object")
    return found


def _text(value: Mapping[str, Any], name: str, at: str = "", limit: int = _MAX_TEXT) -> str:
    """The text of a name in the object at a pointer."""
    found = _optional_text(value, name, at, limit)
    if found is None:
        raise bad_request(f"{at}/{name} is missing")
    return found


def _optional_text(
    value: Mapping[str, Any], name: str, at: str = "", limit: int = _MAX_TEXT
) -> str | None:
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise bad_request(f"{at}/{name} is {_seen(found)}, not text")
    if len(found) > limit:
        raise bad_request(f"{at}/{name} has {len(found)} characters: send at most {limit}")
    return found


def _seen(value: object) -> str:
    return repr(value)[:60]
