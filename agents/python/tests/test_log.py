"""The package's logger."""

import pytest

from configsvc_agent.log import log


def test_messages_go_to_the_packages_logger(caplog: pytest.LogCaptureFixture) -> None:
    """So that services can set its level by its name."""
    log().warning("something")

    assert [record.name for record in caplog.records] == ["configsvc_agent"]
