"""Trials: what faults would do to an edge, saved or not."""

from typing import Final

from flask import Response

from configsvc.model.findings import EdgeId
from configsvc.model.names import Key
from configsvc.schema import load_value
from configsvc.usecases import Change
from configsvc.usecases.proving import proof_data
from configsvc.web.api.bodies import json_body
from configsvc.web.api.contract.operations import Answer, Body, Routes
from configsvc.web.api.incoming import namespace_of, plane, principal
from configsvc.web.api.rendering import answer
from configsvc.web.api.trial_rendering import trial_json

routes = Routes("trials")

_SIMULATE: Final = "/v1/namespaces/{ns}/edges/{caller}/{callee}/{operation}/simulate"


@routes.add(
    "POST",
    _SIMULATE,
    {200: Answer("What the faults would do.", "EdgeTrial")},
    body=Body("Trial"),
    problems=("change-too-large", "invalid-change", "invalid-document", "invalid-input",
              "unknown-edge"),
)  # fmt: skip
def simulate_edge(ns: str, caller: str, callee: str, operation: str) -> Response:
    """Run a hang, an error burst and a slow callee against an edge; nothing is written."""
    namespace, sent = namespace_of(ns), json_body("Trial")
    put = [
        load_value(value, origin=f"/put/{index}") for index, value in enumerate(sent.get("put", ()))
    ]
    change = Change(
        message="",
        base=None,
        put=tuple(put),
        delete=tuple(Key.parse(each) for each in sent.get("delete", ())),
        confirm=True,
        take_over=True,
    )
    edge = EdgeId(caller, callee, operation)
    laboratory = plane().laboratory
    found = laboratory.edge(
        principal(), namespace, edge, change, rate=sent.get("rate"), seed=sent.get("seed", 1)
    )
    return answer(trial_json(found))


@routes.add(
    "POST",
    "/v1/namespaces/{ns}/findings/{fingerprint}/prove",
    {200: Answer("What the run showed.", "Proof")},
    body=Body("Proving"),
    problems=("invalid-input", "unknown-finding"),
)
def prove_finding(ns: str, fingerprint: str) -> Response:
    """Run the witness of a finding: what is seen against what was meant, in numbers."""
    namespace, sent = namespace_of(ns), json_body("Proving")
    found = plane().laboratory.prove(principal(), namespace, fingerprint, seed=sent.get("seed", 1))
    return answer(proof_data(found))
