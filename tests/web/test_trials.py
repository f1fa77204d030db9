"""Trying faults on an edge over HTTP."""

import jsonschema_rs

from configsvc.access import Role
from tests.usecases.world import BROKEN_TIMEOUT, document, timeout, waiver_spec
from tests.web.calling import Api

PATH = "edges/player/score/get/simulate"


def test_trial_says_what_three_faults_do(api: Api) -> None:
    """The head as it is; one seed gives one answer."""
    found = api.post(PATH, {}).get_json()

    assert [fault["kind"] for fault in found["faults"]] == ["hang", "errors", "slow"]
    assert found == api.post(PATH, {"seed": 1}).get_json()


def test_trial_takes_unsaved_changes(api: Api) -> None:
    """A longer limit keeps calls that hang waiting longer; nothing is written."""
    changed = timeout("score", "3s", overall="3s", to="score")

    before = api.post(PATH, {}).get_json()
    after = api.post(PATH, {"put": [changed]}).get_json()

    assert after["timeline"]["overall"] == 3_000_000
    during = [each["faults"][0]["phases"][1]["longest"] for each in (before, after)]
    assert during[0] < during[1] == 3_000_000
    assert api.post(PATH, {}).get_json() == before


def test_trial_refuses_what_it_cannot_read(api: Api) -> None:
    """Documents with their pointers, unknown edges, numbers out of range."""
    assert api.post(PATH, {"put": [timeout("bad", "1")]}).get_json()["code"] == "invalid-document"
    assert api.post(PATH, {"rate": 100_000}).get_json()["code"] == "malformed-body"
    assert api.post("edges/player/x/get/simulate", {}).status_code == 404


def test_trial_needs_the_right_to_check(api: Api) -> None:
    """A token of another namespace does not have it."""
    assert api.post(PATH, {}, token=api.token("elsewhere", Role.ADMIN)).status_code == 403


def test_witness_of_a_finding_is_run(api: Api) -> None:
    """The harm in numbers, as described, for a finding that is waived as well."""
    retry = document("Retry", "score", {"target": {"to": "score"}, "attempts": 3})
    api.publish(BROKEN_TIMEOUT, retry, waivers=[waiver_spec("RT01")])
    (finding,) = api.get("findings").get_json()["waived"]

    found = api.post(f"findings/{finding['fingerprints'][0]}/prove", {"seed": 2}).get_json()

    components = api.get("/openapi.json").get_json()["components"]
    shape = {"$ref": "#/components/schemas/Proof", "components": components}
    jsonschema_rs.Draft202012Validator(shape).validate(found)
    assert (found["harmed"], found["seed"]) == (True, 2)
    assert found["seen"] > found["atMost"] == 0
    assert api.post("findings/nothing/prove", {}).get_json()["code"] == "unknown-finding"
