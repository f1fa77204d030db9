"""What a Service of the right shape still cannot say, because it contradicts itself."""

from collections.abc import Hashable, Iterable, Iterator
from itertools import pairwise

from configsvc.model.quantities import format_duration
from configsvc.model.services import Call, Discovery, Latency, Operation, Service
from configsvc.schema.errors import Problem, child, shown
from configsvc.schema.path_templates import Matched, overlap_problems, parameter_problems

_OPERATIONS = "/spec/operations"
_PERCENTILES = ("p50", "p90", "p95", "p99", "p999")


def service_problems(service: Service) -> Iterator[Problem]:
    """Every contradiction in one Service."""
    yield from discovery_problems(service.discovery)
    yield from duplicates(
        "operation", (each.name for each in service.operations), _OPERATIONS, "name"
    )
    for index, operation in enumerate(service.operations):
        yield from _operation_problems(service, operation, child(_OPERATIONS, index))
    yield from overlap_problems(_matches(service))


def discovery_problems(discovery: Discovery) -> Iterator[Problem]:
    """Contradictions in how instances are found."""
    addresses = (each.address for each in discovery.instances)
    yield from duplicates("address", addresses, "/spec/discovery/instances", "address")


def duplicates(what: str, values: Iterable[Hashable], base: str, member: str) -> Iterator[Problem]:
    """Values that tell the items of the list at ``base`` apart, but stand in several."""
    first: dict[Hashable, int] = {}
    for index, value in enumerate(values):
        earlier = first.setdefault(value, index)
        if earlier != index:
            message = (
                f"{what} {shown(value)} is taken already, by item {earlier} of the list: "
                "choose another"
            )
            yield Problem(f"{base}/{index}/{member}", message, seen=str(value))


def latency_problems(latency: Latency, pointer: str) -> Iterator[Problem]:
    """A higher percentile is never lower."""
    known = [
        (name, value) for name in _PERCENTILES if (value := getattr(latency, name)) is not None
    ]
    for (lower, low), (higher, high) in pairwise(known):
        if high < low:
            message = (
                f"{higher} is {format_duration(high)}, less than {lower} with "
                f"{format_duration(low)}: percentiles never fall, so correct one of them"
            )
            yield Problem(f"{pointer}/{higher}", message, seen=format_duration(high))


def call_problems(call: Call, pointer: str) -> Iterator[Problem]:
    """The most is never less than what is typical."""
    if call.times.max < call.times.typical:
        message = (
            f"at most {call.times.max} calls, but typically {call.times.typical}: "
            "raise 'max' or lower 'typical'"
        )
        yield Problem(f"{pointer}/times/max", message, seen=str(call.times.max))


def _operation_problems(service: Service, operation: Operation, pointer: str) -> Iterator[Problem]:
    yield from latency_problems(operation.latency, f"{pointer}/latency")
    for index, call in enumerate(operation.calls):
        yield from call_problems(call, f"{pointer}/calls/{index}")
    if operation.match is None:
        return
    yield from parameter_problems(operation.match.path, f"{pointer}/match/path")
    if (operation.match.grpc is not None) != (service.protocol == "grpc"):
        form = (
            "'grpc: package.Service/Method'"
            if service.protocol == "grpc"
            else "'methods' and 'path'"
        )
        message = (
            f"the service speaks {service.protocol}, so its operations match by {form}: "
            "change one of the two"
        )
        yield Problem(f"{pointer}/match", message, seen=service.protocol)


def _matches(service: Service) -> Iterator[Matched]:
    for index, operation in enumerate(service.operations):
        match = operation.match
        if match is not None:
            pointer = f"{_OPERATIONS}/{index}/match"
            yield Matched(operation.name, pointer, match.methods, match.grpc or match.path)
