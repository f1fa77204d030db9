"""What agent-facing processes count: names and meanings, for whoever counts and whoever shows."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One number that each process keeps."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str


METRICS: Final = (
    Metric("connections", "gauge", "Open connections of agents."),
    Metric("connections_accepted", "counter", "Connections that agents opened."),
    Metric(
        "connections_turned_away", "counter", "Connections refused because there were too many."
    ),
    Metric("requests", "counter", "Requests of agents, streams included."),
    Metric("requests_refused", "counter", "Requests that were answered with an error."),
    Metric("streams", "gauge", "Open streams."),
    Metric("streams_opened", "counter", "Streams that were opened."),
    Metric(
        "streams_sent_away", "counter", "Streams whose agent was told to connect anew elsewhere."
    ),
    Metric("streams_blocked", "gauge", "Streams whose agent does not read at present."),
    Metric("polls_waiting", "gauge", "Long polls that wait for a change."),
    Metric("pushes", "counter", "Bundles written to streams."),
    Metric("pushed_bytes", "counter", "Bytes of those."),
    Metric(
        "pushes_merged", "counter", "Pushes that a newer one replaced before they were written."
    ),
    Metric("reports", "counter", "Reports that were taken."),
    Metric("reports_forwarded", "counter", "Reports handed to the process that has the stream."),
    Metric("rejections", "counter", "Bundles that agents rejected."),
    Metric(
        "namespaces_set_back", "counter", "Restores of the store that a namespace went through."
    ),
    Metric("ack_writes_failed", "counter", "Attempts to write acknowledgement counts that failed."),
)
"""In the order in which they are shown; all are prefixed ``configsvc_agentgate_`` there."""

XDS_METRICS: Final = (
    Metric("streams", "gauge", "Open streams of Envoys and gRPC clients."),
    Metric("streams_opened", "counter", "Streams that were opened."),
    Metric("pushes", "counter", "Responses written to streams."),
    Metric("acks", "counter", "Responses that clients took."),
    Metric("nacks", "counter", "Responses that clients refused."),
    Metric("last_push_seconds", "gauge", "When the last response was written, as a Unix time."),
)
"""As `METRICS`, of the processes that serve xDS; prefixed ``configsvc_xdsgate_``."""

XDS_PROCESS: Final = "xdsgate-"
"""What the names of those processes begin with."""

ACK_LATENCY: Final = "ack_latency_microseconds"
"""A histogram of commit to acknowledgement, in the form of `Histogram.to_json`."""
