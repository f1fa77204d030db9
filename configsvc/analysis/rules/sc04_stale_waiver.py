"""SC04: a waiver that is over, or has nothing left to accept."""

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.rule import WaiverRule
from configsvc.analysis.view import WaiverUse
from configsvc.model.findings import Place, Severity, Witness


class StaleWaiver(WaiverRule):
    """
    A waiver that has expired, or that no finding matches any more.

    ## What it does
    Reports waivers whose day has passed, and waivers that match no finding of a full check.

    ## Why is this bad?
    An expired waiver silences nothing, but reads as if it did. One without a finding outlived its
    repair: when the mistake comes back, it is accepted without anybody being asked.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Waiver
    metadata: {name: slow-stock}
    spec:
      code: RT07
      edge: {to: stock}
      reason: The time-out comes with the next release.
      owner: team-stock
      expires: 2026-01-31
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - derived: a waiver is a promise with an end
    """

    code = "SC04"
    name = "stale-waiver"
    severity = Severity.WARNING
    inputs = frozenset({"key", "matched", "today", "waiver"})
    since = "0.1"
    message = "{problem}: {code} is not accepted by it"
    waivable = False

    def check(self, use: WaiverUse) -> Conflict | None:
        """Look at the day, and at what it matched."""
        expired = use.waiver.expires < use.today
        if use.matched and not expired:
            return None
        problem = f"it expired on {use.waiver.expires}" if expired else "it matches no finding"
        field = "expires" if expired else "code"
        return Conflict(
            magnitude=1,
            arguments={"problem": problem, "code": use.waiver.code},
            places=(Place(use.key, f"/spec/{field}", problem),),
            witness=Witness(
                load="any",
                faults="none",
                seen="the waiver does nothing",
                meant="it accepts a finding until it expires",
            ),
        )
