"""What is set per namespace: whether a rule that misses data may be passed over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from configsvc.access import Principal, Right
from configsvc.store import AuditEntry, AuditTrail, Records, Store, layout
from configsvc.usecases.moment import Moment


@dataclass(frozen=True, slots=True)
class NamespaceRules:
    """`strict`: a rule that cannot be evaluated blocks a publish like an error."""

    strict: bool = False


class NamespaceSettings:
    """Reads and writes the settings of namespaces."""

    def __init__(self, store: Store, audit: AuditTrail, moment: Moment) -> None:
        self._records: Records[NamespaceRules] = Records(store, _to_json, _from_json)
        self._audit = audit
        self._moment = moment

    def get(self, namespace: str) -> NamespaceRules:
        """The settings of a namespace; the defaults where none were put."""
        kept = self._records.get(layout.settings(namespace))
        return kept.value if kept else NamespaceRules()

    def put(self, who: Principal, namespace: str, rules: NamespaceRules) -> None:
        """Replace the settings of a namespace; needs the right to administer it."""
        who.require(namespace, Right.ADMIN)
        self._records.put(layout.settings(namespace), rules)
        detail = {"strict": str(rules.strict).lower()}
        self._audit.append(
            namespace, AuditEntry(self._moment.micros(), who.name, "settings", None, detail)
        )


def _to_json(rules: NamespaceRules) -> Mapping[str, Any]:
    return {"strict": rules.strict}


def _from_json(fields: Mapping[str, Any]) -> NamespaceRules:
    return NamespaceRules(strict=bool(fields["strict"]))
