"""One object for all equal parts of a view, so that what follows from a part is found again."""

from typing import Any, Final, TypeVar, cast

from configsvc.analysis.guarded import ambiguous
from configsvc.analysis.provenance import PolicySources
from configsvc.model.policies import Timeout
from configsvc.resolve import EffectivePolicy, Merged

T = TypeVar("T")

_PARTS: Final = ("timeout", "retry", "breaker", "bulkhead", "rate_limit", "hedge", "fallback")
_NO_TIMEOUT: Final = Timeout()


class Interned:
    """The parts of all views that were derived from one another.

    Whatever is known by its identity here is kept, so that nothing else can take the identity.
    Threads may share it: at worst two of them make the same part, and the first one stays.
    """

    __slots__ = ("_merged", "_policies", "_values", "sources")

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}
        self._policies: dict[int, tuple[EffectivePolicy, tuple[Any, ...]]] = {}
        self._merged: dict[int, tuple[Merged[Any], Any]] = {}
        self.sources = PolicySources()

    def __len__(self) -> int:
        return len(self._values) + len(self._policies) + len(self._merged)

    def one(self, value: T) -> T:
        """The one object that stands for all equal values."""
        return cast("T", self._values.setdefault((type(value), value), value))

    def policies(self, policy: EffectivePolicy) -> tuple[Any, ...]:
        """The values of all policy kinds, in the order of `EdgeView`."""
        found = self._policies.get(id(policy))
        if found is None:
            found = self._policies.setdefault(id(policy), (policy, self._values_of(policy)))
        return found[1]

    def _values_of(self, policy: EffectivePolicy) -> tuple[Any, ...]:
        kinds = (
            policy.timeout, policy.retry, policy.breaker, policy.bulkhead, policy.rate_limit,
            policy.hedge, policy.fallback,
        )  # fmt: skip
        timeout, *others = [
            None if merged is None else self._value(part, merged)
            for part, merged in zip(_PARTS, kinds, strict=True)
        ]
        return (timeout or _NO_TIMEOUT, *others)

    def _value(self, part: str, merged: Merged[Any]) -> Any:  # noqa: ANN401 - by kind
        found = self._merged.get(id(merged))
        if found is None:
            value = merged.value
            one = ambiguous(value, part, merged.ambiguous) if merged.ambiguous else self.one(value)
            found = self._merged.setdefault(id(merged), (merged, one))
        return found[1]
