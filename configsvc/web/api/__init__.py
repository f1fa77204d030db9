"""The operator API: thin routes over the use cases.

Success is always a JSON object, a list stands under ``items``, the cursor of the following page
under ``next``; failure is a problem document (RFC 9457). Each route is declared beside the function
that serves it; ``/openapi.json`` is made from these declarations. All need a bearer token except
those marked *.

===================================================  ===============================================
GET  /v1/namespaces                                  those that the token may see
GET  /v1/namespaces/NS                               head and settings; revision 0: nothing yet
PUT  /v1/namespaces/NS                               {strict}
GET  .../resources?kind=&label=&revision=            with their documents
GET  .../resources/KIND/NAME?revision=               ETag
PUT  .../resources/KIND/NAME?dryRun=&takeOver=       document as JSON or YAML; If-Match: "ETAG" or
                                                     If-None-Match: *
DELETE .../resources/KIND/NAME                       likewise
POST .../changes?dryRun=                             {message, base, put, delete, waivers, confirm,
                                                     takeOver, rollout}; Idempotency-Key
POST .../check                                       {base, put, delete, waivers, rollout}; goes on
                                                     past what publishing refuses
POST .../rollouts                                    as changes, with `rollout`: the plan
GET  .../rollouts[/REVISION]                         newest first; one with its members and gate
POST .../rollouts/REVISION/MOVE                      pause, resume, promote, abort
GET  .../changes?before=&limit=                      newest first
GET  .../changes/REVISION                            with the findings open at that time
GET  .../changes/REVISION/convergence                how far it has come in the fleet
GET  .../diff?from=&to=                              documents on both sides
POST .../rollback?dryRun=                            {to, message, acknowledge}; Idempotency-Key
GET  .../edges/FROM/TO[/OPERATION]                   effective policy with the source of each field
POST .../edges/FROM/TO/OPERATION/simulate            {put, delete, rate, seed}; what faults would do
POST .../findings/FINGERPRINT/prove                  {seed}; runs the witness of a finding
GET  .../bounds                                      what ways in cost, how requests multiply
GET  .../graph, .../findings, .../fleet              call graph, today's findings, agents
GET  .../instances                                   registered instances of services
GET  .../fleet/node                                  what this node alone knows, for the others
GET  .../audit?before=&limit=                        who did what, newest first
GET|POST /v1/tokens, DELETE /v1/tokens/ID            {grants | agent, label, notAfter}
GET  /v1/rules[/CODE], /v1/schemas/KIND              pages of rules, JSON Schemas
GET  .../events?topic=                               server-sent events: what goes on
GET|POST*|DELETE /v1/session                         sign in and out: a cookie instead of a token
GET  /healthz*, /readyz*, /metrics, /openapi.json*   /metrics needs a token off loopback
===================================================  ===============================================
"""

from flask import Flask

from configsvc.web.api import (
    administration,
    changes,
    fleet,
    policies,
    problems,
    resources,
    rollouts,
    sessions,
    tokens,
    trials,
)
from configsvc.web.api.description import description_routes
from configsvc.web.api.events import Streams, event_routes
from configsvc.web.api.health import health_routes
from configsvc.web.api.incoming import RevisionConverter
from configsvc.web.metrics import Metrics


def install(app: Flask, metrics: Metrics, streams: Streams, *, open_metrics: bool) -> None:
    """Add the routes and the form of errors to the application."""
    problems.install(app)
    app.url_map.converters["revision"] = RevisionConverter
    app.url_map.merge_slashes = False
    modules = (
        administration,
        sessions,
        tokens,
        resources,
        changes,
        rollouts,
        policies,
        trials,
        fleet,
    )
    families = [
        *(module.routes for module in modules),
        event_routes(streams),
        health_routes(metrics, open_metrics=open_metrics),
    ]
    operations = [operation for family in families for operation in family.operations]
    for family in (*families, description_routes(operations)):
        app.register_blueprint(family.blueprint)
