"""What a Gateway, Route or Bff of the right shape cannot say, because it contradicts itself."""

import re
from collections.abc import Iterator

from configsvc.model.routing import Bff, BffCall, Endpoint, Gateway, Route
from configsvc.schema.errors import Problem, child
from configsvc.schema.path_templates import (
    Matched,
    overlap_problems,
    parameter_problems,
    parameters,
)
from configsvc.schema.service_checks import (
    call_problems,
    discovery_problems,
    duplicates,
    latency_problems,
)

_ENDPOINTS = "/spec/endpoints"
_PATH_REFERENCE = re.compile(r"\{path\.([^{}]*)\}")
_CALL_REFERENCE = re.compile(r"\{([a-z0-9-]+)#")


def gateway_problems(gateway: Gateway) -> Iterator[Problem]:
    """Every contradiction in one Gateway."""
    places = ((each.address, each.port) for each in gateway.listeners)
    yield from duplicates("address and port", places, "/spec/listeners", "port")
    for index, listener in enumerate(gateway.listeners):
        pointer = f"/spec/listeners/{index}"
        if listener.protocol == "https" and listener.certificate_file is None:
            yield Problem(
                pointer,
                "protocol https needs 'tls' with certificateFile and keyFile: add it",
                seen="https",
            )
        if listener.protocol == "http" and listener.certificate_file is not None:
            message = "'tls' has no effect with protocol http: write 'protocol: https' or remove it"
            yield Problem(f"{pointer}/tls", message, seen="http", hint="protocol: https")


def route_problems(route: Route) -> Iterator[Problem]:
    """Every contradiction in one Route."""
    yield from parameter_problems(route.match.path, "/spec/match/path")
    yield from duplicates(
        "destination", (each.to for each in route.destinations), "/spec/destinations", "to"
    )
    if route.rewrite is None:
        return
    if route.rewrite.prefix is not None and route.match.prefix is None:
        message = "replaces 'match.prefix', which is not there: add it, or rewrite 'path'"
        yield Problem("/spec/rewrite/prefix", message, seen=route.rewrite.prefix)
    known = parameters(route.match.path or "")
    for name in parameters(route.rewrite.path or ""):
        if name not in known:
            message = f"parameter {{{name}}} is not in 'match.path': add it there or remove it here"
            yield Problem("/spec/rewrite/path", message, seen=name, allowed=tuple(known))


def bff_problems(bff: Bff) -> Iterator[Problem]:
    """Every contradiction in one Bff."""
    yield from discovery_problems(bff.discovery)
    yield from duplicates("endpoint", (each.name for each in bff.endpoints), _ENDPOINTS, "name")
    for index, endpoint in enumerate(bff.endpoints):
        yield from _endpoint_problems(endpoint, child(_ENDPOINTS, index))
    yield from overlap_problems(
        Matched(each.name, f"{_ENDPOINTS}/{index}/path", each.methods, each.path)
        for index, each in enumerate(bff.endpoints)
    )


def _endpoint_problems(endpoint: Endpoint, pointer: str) -> Iterator[Problem]:
    yield from parameter_problems(endpoint.path, f"{pointer}/path")
    yield from latency_problems(endpoint.latency, f"{pointer}/latency")
    yield from duplicates(
        "call", (each.name for each in endpoint.calls), f"{pointer}/calls", "name"
    )
    for index, call in enumerate(endpoint.calls):
        yield from call_problems(call.call, f"{pointer}/calls/{index}")
        yield from _bff_call_problems(endpoint, call, f"{pointer}/calls/{index}")
    names = tuple(call.name for call in endpoint.calls)
    for key, reference in endpoint.output.items():
        if (name := reference.partition("#")[0]) not in names:
            message = f"there is no call {name!r} in this endpoint: use one of {', '.join(names)}"
            yield Problem(f"{pointer}/output/{key}", message, seen=name, allowed=names)


def _bff_call_problems(endpoint: Endpoint, call: BffCall, pointer: str) -> Iterator[Problem]:
    if call.default is not None and not call.call.optional:
        message = "a call that is not optional has no default: add 'optional: true' or remove it"
        yield Problem(f"{pointer}/default", message, seen=call.default, hint="optional: true")
    for member, text in _texts(call):
        yield from _reference_problems(endpoint, call, text, f"{pointer}/{member}")


def _texts(call: BffCall) -> Iterator[tuple[str, str]]:
    """The texts of a call that may refer to something, each with where it stands."""
    if call.path is not None:
        yield "path", call.path
    for key, text in call.query:
        yield child("query", key), text
    for key, text in call.headers:
        yield child("headers", key), text


def _reference_problems(
    endpoint: Endpoint, call: BffCall, text: str, pointer: str
) -> Iterator[Problem]:
    known = tuple(parameters(endpoint.path))
    for name in _PATH_REFERENCE.findall(text):
        if name not in known:
            message = f"the endpoint's path has no parameter {{{name}}}: use one of its own"
            yield Problem(pointer, message, seen=name, allowed=known)
    earlier = tuple(each.name for each in endpoint.calls if each.call.stage < call.call.stage)
    for name in _CALL_REFERENCE.findall(text):
        if name not in earlier:
            message = (
                f"{name!r} is no call of an earlier stage: "
                f"refer to one that is done before stage {call.call.stage}"
            )
            yield Problem(pointer, message, seen=name, allowed=earlier)
