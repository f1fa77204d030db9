"""How a change reaches the fleet in stages: whom each adds, how long it lasts, what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from configsvc.errors import InputError
from configsvc.model.quantities import (
    WHOLE,
    Duration,
    InvalidQuantityError,
    Share,
    format_duration,
    format_share,
    parse_duration,
    parse_share,
)

MAX_STAGES: Final = 20
MAX_LABELS: Final = 8
"""Labels that one stage names."""

MAX_BAKE: Final = parse_duration("7d")

DEFAULT_BAKE: Final = parse_duration("5m")

DEFAULT_LOST: Final = parse_share("10%")
"""Of the agents that were given a candidate some always vanish: processes are stopped and moved."""


class InvalidPlanError(InputError):
    """A plan contradicts itself; `pointer` says where."""

    def __init__(self, pointer: str, text: str) -> None:
        super().__init__(text)
        self.pointer = pointer


class OnFailure(StrEnum):
    """What happens when the gate fails."""

    PAUSE = "pause"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Stage:
    """Whom a stage adds: a share of the fleet (parts per million), or instances with all labels.

    `bake` is the time in microseconds that passes from the last agent added to the next stage.
    """

    share: Share | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    bake: Duration = DEFAULT_BAKE


@dataclass(frozen=True, slots=True)
class Gate:
    """What must be true of the agents reached before more are; a rejection fails it always.

    Args:
        min_reports: agents that must have applied the candidate.
        error_rate: failed calls of all calls that those agents report, parts per million.
        open_breakers: how many of those agents may have an open breaker.
        latency_p99: what 99 % of its calls may take at half of those agents, microseconds;
            percentiles of several are not averaged.
        lost: how many of those agents may vanish afterwards, parts per million.
    """

    min_reports: int = 1
    error_rate: Share | None = None
    open_breakers: int | None = None
    latency_p99: Duration | None = None
    lost: Share = DEFAULT_LOST


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages of a rollout, in order; shares grow from one to the next.

    `per_minute` bounds the share of the fleet that is added in a minute. Where `automatic` is
    False the last stage is followed by nothing until somebody promotes.
    """

    stages: tuple[Stage, ...]
    gate: Gate = Gate()
    per_minute: Share | None = None
    on_failure: OnFailure = OnFailure.PAUSE
    automatic: bool = True


def plan_from_json(value: Mapping[str, Any], pointer: str = "/rollout") -> Plan:
    """Read a plan as the API takes it; its shape was checked by the schema before.

    Raises:
        InvalidPlanError: a quantity cannot be read, is out of bounds, or stages do not grow.
    """
    stages = tuple(
        _stage(each, f"{pointer}/stages/{index}") for index, each in enumerate(value["stages"])
    )
    if not 1 <= len(stages) <= MAX_STAGES:
        raise InvalidPlanError(
            f"{pointer}/stages", f"the plan has {len(stages)} stages: give 1 to {MAX_STAGES}"
        )
    _check_growth(stages, pointer)
    return Plan(
        stages=stages,
        gate=_gate(value.get("gate", {}), f"{pointer}/gate"),
        per_minute=_positive(value.get("maxPerMinute"), f"{pointer}/maxPerMinute"),
        on_failure=OnFailure(value.get("onFailure", OnFailure.PAUSE)),
        automatic=value.get("promote", "automatic") == "automatic",
    )


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as the API takes it, with every default written out."""
    value: dict[str, Any] = {
        "stages": [_stage_json(stage) for stage in plan.stages],
        "gate": _gate_json(plan.gate),
        "onFailure": plan.on_failure.value,
        "promote": "automatic" if plan.automatic else "manual",
    }
    if plan.per_minute is not None:
        value["maxPerMinute"] = format_share(plan.per_minute)
    return value


def _stage(value: Mapping[str, Any], pointer: str) -> Stage:
    share, labels = _positive(value.get("share"), f"{pointer}/share"), value.get("labels", {})
    if (share is None) == (not labels):
        raise InvalidPlanError(pointer, "a stage has either a share or labels: give one of them")
    if len(labels) > MAX_LABELS:
        raise InvalidPlanError(
            f"{pointer}/labels", f"{len(labels)} labels are given, at most {MAX_LABELS} are taken"
        )
    bake = _duration(value.get("bake"), f"{pointer}/bake")
    if bake is not None and bake > MAX_BAKE:
        raise InvalidPlanError(
            f"{pointer}/bake", f"{format_duration(bake)} is over {format_duration(MAX_BAKE)}"
        )
    return Stage(share, MappingProxyType(dict(labels)), DEFAULT_BAKE if bake is None else bake)


def _gate(value: Mapping[str, Any], pointer: str) -> Gate:
    return Gate(
        min_reports=value.get("minReports", 1),
        error_rate=_share(value.get("errorRate"), f"{pointer}/errorRate"),
        open_breakers=value.get("openBreakers"),
        latency_p99=_duration(value.get("latencyP99"), f"{pointer}/latencyP99"),
        lost=_fraction(value.get("lost"), f"{pointer}/lost"),
    )


def _fraction(text: str | None, pointer: str) -> Share:
    share = _share(text, pointer)
    if share is not None and not 0 <= share <= WHOLE:
        raise InvalidPlanError(pointer, f"{text} is out of bounds: give 0% up to 100%")
    return DEFAULT_LOST if share is None else share


def _check_growth(stages: tuple[Stage, ...], pointer: str) -> None:
    reached = 0
    for index, stage in enumerate(stages):
        if stage.share is None:
            continue
        if stage.share <= reached:
            raise InvalidPlanError(
                f"{pointer}/stages/{index}/share",
                f"{format_share(stage.share)} follows {format_share(reached)}: shares are of the "
                "whole fleet and grow from stage to stage",
            )
        reached = stage.share


def _positive(text: str | None, pointer: str) -> Share | None:
    share = _share(text, pointer)
    if share is not None and not 0 < share <= WHOLE:
        raise InvalidPlanError(pointer, f"{text} is out of bounds: give more than 0% up to 100%")
    return share


def _share(text: str | None, pointer: str) -> Share | None:
    if text is None:
        return None
    try:
        return parse_share(text)
    except InvalidQuantityError as error:
        raise InvalidPlanError(pointer, str(error)) from error


def _duration(text: str | None, pointer: str) -> Duration | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except InvalidQuantityError as error:
        raise InvalidPlanError(pointer, str(error)) from error


def _stage_json(stage: Stage) -> dict[str, Any]:
    whom: dict[str, Any] = (
        {"labels": dict(stage.labels)}
        if stage.share is None
        else {"share": format_share(stage.share)}
    )
    return {**whom, "bake": format_duration(stage.bake)}


def _gate_json(gate: Gate) -> dict[str, Any]:
    value: dict[str, Any] = {"minReports": gate.min_reports, "lost": format_share(gate.lost)}
    if gate.error_rate is not None:
        value["errorRate"] = format_share(gate.error_rate)
    if gate.open_breakers is not None:
        value["openBreakers"] = gate.open_breakers
    if gate.latency_p99 is not None:
        value["latencyP99"] = format_duration(gate.latency_p99)
    return value
