"""Hedged synchronous calls get threads without anybody asking for them."""

from __future__ import annotations

import threading
from pathlib import Path

from agents.python.tests.conftest import MakeAgent
from agents.python.tests.documents import document, encode


def test_a_copy_answers_for_a_slow_attempt(make_agent: MakeAgent, tmp_path: Path) -> None:
    """The first answer is handed out; the pool is made when it is needed."""
    body = document()
    policy = body["outbound"][0]["operations"][0]["policy"]
    for part in ("retry", "timeout", "rateLimit"):
        del policy[part]
    policy["hedge"] = {"extra": 1, "delay": 10_000}
    file = tmp_path / "o.json"
    file.write_bytes(encode(body))
    agent = make_agent(url=None, override_file=file).start()
    before = {thread.name for thread in threading.enumerate()}
    release, calls = threading.Event(), []

    def fetch() -> str:
        calls.append(1)
        if len(calls) == 1:
            release.wait(10)
            return "slow"
        return "quick"

    assert agent.call("score-engine", "get-score", fetch) == "quick"
    release.set()
    assert not any(name.startswith("configsvc-hedge") for name in before)
    assert len(calls) == 2
