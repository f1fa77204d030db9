"""A whole node that is told to publish a folder: ``configsvc serve --policies``."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.gitops.folders import MANAGER, save_like_vim, timeout, write
from tests.serving import RunningServer, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SOON = 30.0
AT = "/v1/namespaces/shop"


def await_true(condition: Callable[[], bool]) -> None:
    """Return when a condition holds; fail when it does not come to."""
    until = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def revision(server: RunningServer) -> int:
    """The head's."""
    return int(server.request("GET", AT)[1]["revision"])


def lines(server: RunningServer) -> list[dict[str, Any]]:
    """What the log says of folders."""
    read = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [line for line in read if line["logger"] == "configsvc.gitops"]


def test_folder_is_published_and_neither_restart_nor_rollback_is_undone(
    folder: Path, tmp_path: Path
) -> None:
    """From the first start to the one after a rollback."""
    flags = ("--policies", str(folder), "--policies-namespace", "shop", "--operator-workers", "1")
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b")})

    with serving(tmp_path / "data", *flags) as server:
        await_true(lambda: revision(server) == 1)
        save_like_vim(folder / "a.yaml", timeout("a", "9s"))
        await_true(lambda: revision(server) == 2)
        write(folder, {"b.yaml": "nonsense"})
        await_true(lambda: lines(server)[-1]["level"] == "error")

        assert str(folder / "b.yaml") in lines(server)[-1]["reason"]
        audit = server.request("GET", f"{AT}/audit")[1]["items"]
        assert [each["action"] for each in audit] == ["folder-invalid", "publish", "publish"]
        assert {each["actor"] for each in audit} == {MANAGER}
        change = {"message": "mine", "base": 2, "delete": ["Timeout/a"]}
        status, problem = server.request("POST", f"{AT}/changes", change)
        assert (status, problem["code"]) == (409, "managed-elsewhere")
        body = {"to": 1, "message": "too long", "acknowledge": True}
        assert server.request("POST", f"{AT}/rollback", body)[0] == 200
        write(folder, {"b.yaml": timeout("b")})
        await_true(lambda: lines(server)[-1]["message"].startswith("folder is current"))
        told = len(lines(server))

    with serving(tmp_path / "data", *flags) as server:
        await_true(lambda: len(lines(server)) > told)
        assert lines(server)[-1]["message"].startswith("folder is current")
        assert revision(server) == 3
        write(folder, {"b.yaml": timeout("b", "8s")})
        await_true(lambda: revision(server) == 4)
        document = server.request("GET", f"{AT}/resources/Timeout/a")[1]["document"]
        assert document["spec"]["overall"] == "2s"
        assert document["metadata"]["manager"] == MANAGER


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--policies", __file__), "which is not a folder: name one that has a file .configsvc"),
        (("--policies", ".", "--policies-namespace", "A B"), "policies_namespace 'A B' is not"),
    ],
)
def test_what_can_never_be_published_is_refused(
    tmp_path: Path, flags: tuple[str, ...], message: str
) -> None:
    """Before anything is started."""
    done = subprocess.run(
        [sys.executable, "-m", "configsvc", "serve", "--data", str(tmp_path / "data"), *flags],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
