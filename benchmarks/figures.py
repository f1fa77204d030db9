"""How figures are summed up and printed."""

import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each of some runs, after one that does not count."""
    work()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return taken


def line(what: str, seconds: Sequence[float]) -> str:
    """A row with median, 90th percentile and the number of runs; times in milliseconds."""
    high = quantiles(seconds, n=10)[-1] if len(seconds) > 1 else seconds[0]
    return (
        f"  {what:<44} median {median(seconds) * 1000:9.2f} ms   "
        f"p90 {high * 1000:9.2f} ms   {len(seconds)} runs"
    )
