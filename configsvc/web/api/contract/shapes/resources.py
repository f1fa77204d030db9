"""The shapes of resources and of what a write of them led to."""

from typing import Final

from configsvc.model.names import Kind
from configsvc.web.api.contract.shapes.terms import (
    DIGEST,
    FLAG,
    REVISION,
    TEXT,
    Shape,
    listed,
    nullable,
    one_of,
    page,
    record,
    ref,
)

SHAPES: Final[dict[str, Shape]] = {
    "Kind": one_of(Kind),
    "Resource": record(
        {
            "kind": ref("Kind"),
            "name": TEXT,
            "digest": DIGEST,
            "revision": REVISION,
            "document": ref("Document"),
        },
        says="A document as it was admitted. `digest` is its ETag, `revision` the one it is from.",
    ),
    "Resources": page(ref("Resource")),
    "Published": record(
        {
            "namespace": TEXT,
            "revision": REVISION,
            "changed": FLAG,
            "resources": listed(
                record({"kind": ref("Kind"), "name": TEXT, "digest": nullable(DIGEST)})
            ),
            "services": listed(TEXT),
            "rollout": nullable(REVISION),
        },
        says="The outcome of a write. `changed` is false where nothing differed; `resources` has "
        "those that did, a deleted one without a digest; `services` those with a new bundle; "
        "`rollout` names the rollout by which it reaches them in stages.",
    ),
}
