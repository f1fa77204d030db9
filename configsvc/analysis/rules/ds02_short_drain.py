"""DS02: instances that stop before their callers know."""

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import span, written_up
from configsvc.model.findings import Severity, Witness


class ShortDrain(NodeRule):
    """
    Instances that stop serving before their callers have heard of it.

    ## What it does
    Compares how long an instance goes on serving after it was told to stop (`server.drain`) with
    how old a caller's list of instances can be (`discovery.refresh`, `discovery.dnsTtl`).

    ## Why is this bad?
    Every orderly deployment looks like a crash: callers use the instance for some seconds after
    it is gone.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery: {refresh: 30s}
      server: {drain: 5s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery: {refresh: 30s}
      server: {drain: 30s}
    ```

    ## References
    - Spring Cloud Netflix issue 1248
    """

    code = "DS02"
    name = "short-drain"
    severity = Severity.ERROR
    inputs = frozenset({"discovery", "facts"})
    since = "0.1"
    message = (
        "an instance serves for {drain} after it was told to stop, and callers know after {known}"
    )

    def check(self, node: Node) -> Conflict | None:
        """Compare the drain with the age of lists."""
        refresh, ttl = node.discovery.refresh, node.discovery.dns_ttl
        known = (refresh or 0) + (ttl or 0)
        if known == 0:
            return None
        drain = node.facts.drain
        if drain >= known:
            return None
        value = written_up(known)
        return Conflict(
            magnitude=known / max(drain, 1),
            arguments={"drain": span(drain), "known": span(known)},
            fields={
                "server.drain": span(drain),
                "discovery.refresh": span(refresh or 0),
                "discovery.dnsTtl": span(ttl or 0),
            },
            witness=Witness(
                load="the usual one",
                faults="none: a deployment",
                seen=f"calls are refused for up to {span(known - drain)}",
                meant="no call notices",
            ),
            repair=Repair("server.drain", value, f"serve for {value} longer"),
        )
