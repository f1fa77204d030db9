"""Plans as the API takes them."""

from typing import Any

import pytest

from configsvc.rollout import InvalidPlanError, OnFailure, plan_from_json, plan_to_json


def test_what_is_left_out_has_a_default() -> None:
    """A stage bakes for five minutes, one report is needed, a failure pauses."""
    assert plan_to_json(plan_from_json({"stages": [{"share": "10%"}]})) == {
        "stages": [{"share": "10%", "bake": "5m"}],
        "gate": {"minReports": 1, "lost": "10%"},
        "onFailure": "pause",
        "promote": "automatic",
    }


def test_a_plan_is_written_as_it_was_read() -> None:
    """Every field has its place."""
    value = {
        "stages": [{"labels": {"zone": "a"}, "bake": "1m"}, {"share": "50%", "bake": "0s"}],
        "gate": {
            "minReports": 3,
            "errorRate": "0.5%",
            "openBreakers": 0,
            "latencyP99": "250ms",
            "lost": "0%",
        },
        "maxPerMinute": "5%",
        "onFailure": "abort",
        "promote": "manual",
    }
    plan = plan_from_json(value)
    assert plan.on_failure is OnFailure.ABORT
    assert plan_to_json(plan) == value


@pytest.mark.parametrize(
    ("plan", "pointer", "text"),
    [
        ({"stages": []}, "/rollout/stages", "the plan has 0 stages: give 1 to 20"),
        ({"stages": [{"share": "1%"}] * 21}, "/rollout/stages", "the plan has 21 stages"),
        ({"stages": [{}]}, "/rollout/stages/0", "either a share or labels"),
        (
            {"stages": [{"share": "1%", "labels": {"a": "b"}}]},
            "/rollout/stages/0",
            "either a share or labels",
        ),
        ({"stages": [{"share": "0%"}]}, "/rollout/stages/0/share", "0% is out of bounds"),
        ({"stages": [{"share": "101%"}]}, "/rollout/stages/0/share", "101% is out of bounds"),
        ({"stages": [{"share": "10"}]}, "/rollout/stages/0/share", "'10' is not a share"),
        (
            {"stages": [{"share": "20%"}, {"labels": {"a": "b"}}, {"share": "20%"}]},
            "/rollout/stages/2/share",
            "20% follows 20%: shares are of the whole fleet and grow from stage to stage",
        ),
        (
            {"stages": [{"share": "20%", "bake": "8d"}]},
            "/rollout/stages/0/bake",
            "8d is over 7d",
        ),
        ({"stages": [{"share": "20%", "bake": "8"}]}, "/rollout/stages/0/bake", "a duration"),
        (
            {"stages": [{"labels": {str(n): "x" for n in range(9)}}]},
            "/rollout/stages/0/labels",
            "9 labels are given, at most 8 are taken",
        ),
        (
            {"stages": [{"share": "20%"}], "maxPerMinute": "0%"},
            "/rollout/maxPerMinute",
            "0% is out of bounds",
        ),
        (
            {"stages": [{"share": "20%"}], "gate": {"latencyP99": "fast"}},
            "/rollout/gate/latencyP99",
            "'fast' is not a duration",
        ),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(
    plan: dict[str, Any], pointer: str, text: str
) -> None:
    """The error says where, what was seen, and what to do."""
    with pytest.raises(InvalidPlanError, match=text) as caught:
        plan_from_json(plan)
    assert caught.value.pointer == pointer
