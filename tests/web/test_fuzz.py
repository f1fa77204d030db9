"""Generated requests: none of them ends in a failure of the server or in something undescribed."""

import re
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from configsvc.model.names import Kind
from tests.usecases.world import NAMESPACE, SYSTEM, World, timeout
from tests.web.calling import Api

EXAMPLES = 10
NAME = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
EXISTING = {
    "ns": NAMESPACE,
    "kind": "Timeout",
    "name": "default",
    "revision": 1,
    "caller": "player",
    "callee": "score",
    "operation": "get",
}


def operations() -> Iterator[tuple[str, GenerationMode]]:
    """All operations, with valid values and, where a request can be wrong, with invalid ones."""
    paths = Api(World()).get("/openapi.json").get_json()["paths"]
    for operation in (each for path in paths.values() for each in path.values()):
        yield operation["operationId"], GenerationMode.POSITIVE
        if operation.get("security") != []:
            yield operation["operationId"], GenerationMode.NEGATIVE


def is_valid(name: str, value: object) -> bool:
    """Whether a generated path parameter is one that the description allows."""
    if name == "kind":
        return value in Kind._value2member_map_
    if name == "revision":
        return isinstance(value, int) and value > 0
    return isinstance(value, str) and NAME.fullmatch(value) is not None


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("name", "mode"), list(operations()))
def test_generated_requests_are_answered_as_described(name: str, mode: GenerationMode) -> None:
    """With valid and with invalid values: status, content type, headers and shape are described."""
    world = World()
    world.publish(*SYSTEM)
    world.publish(timeout(attempt="400ms"))
    api = Api(world)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", api.app)
    operation = schema.find_operation_by_id(name)

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,  # the same requests in every run; raise EXAMPLES to look further
    )
    @given(case=operation.as_strategy(generation_mode=mode), existing=st.booleans())
    def run(case: Case, *, existing: bool) -> None:
        for parameter, value in list(case.path_parameters.items()):
            swap = parameter == "ns" or existing
            if swap and parameter in EXISTING and is_valid(parameter, value):
                case.path_parameters[parameter] = EXISTING[parameter]
        case.call_and_validate(
            headers={"Authorization": f"Bearer {api.root}", "Accept-Encoding": "identity"},
            excluded_checks=[positive_data_acceptance],  # a valid change may still be refused
        )

    run()
