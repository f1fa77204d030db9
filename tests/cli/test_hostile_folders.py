"""Folders that somebody made to hurt, or by accident: the command ends, and tells what it read."""

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.analysis.test_hostile import graph
from tests.cli.documents import RETRY, SYSTEM, TIMEOUT

MEBIBYTE = 2**20
UNBOUNDED = "RT07"
"""What the check finds in `SYSTEM` alone."""

ENDS = pytest.mark.timeout(300)
"""Far above what any of these takes: only what does not end at all is caught by it."""

LAUGHS = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]"]
    + [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi")]  # noqa: B905 one is shorter
)
"""Nine to the power of nine values in nine lines."""


@dataclass(frozen=True)
class Outcome:
    """How the command ended, and what it wrote."""

    code: int
    codes: list[str]
    errors: list[str]


def run(*arguments: str, mebibytes: int) -> subprocess.CompletedProcess[bytes]:
    """A command in a process that may use so much address space."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (mebibytes * MEBIBYTE, mebibytes * MEBIBYTE))

    done = subprocess.run(
        [sys.executable, "-m", "configsvc", *arguments],
        preexec_fn=limit,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()[-2_000:]
    assert done.returncode in {0, 1, 2}, done.stderr.decode()[-2_000:]
    return done


def check(folder: Path, mebibytes: int = 1_024) -> Outcome:
    """``configsvc check`` of a folder."""
    done = run("check", "--format", "json", str(folder), mebibytes=mebibytes)
    written = json.loads(done.stdout)
    codes = [finding["code"] for finding in written["findings"]]
    return Outcome(done.returncode, codes, [str(error) for error in written["errors"]])


HOSTILE: dict[str, bytes] = {
    "aliases that multiply": LAUGHS.encode(),
    "an alias of itself": b"a: &a [*a]",
    "YAML nested a hundred thousand deep": b"[" * 100_000,
    "YAML blocks nested deep": b"\n".join(b" " * n + b"a:" for n in range(3_000)),
    "one scalar of eight megabytes": b"name: " + b"x" * (8 * MEBIBYTE),
    "fifty thousand empty documents": b"---\n" * 50_000,
    "binary": bytes(range(256)) * 4_096,
    "zeros": b"\0" * MEBIBYTE,
    "half of a character": "name: ü".encode()[:-1],
    "a tag that would build an object": b"!!python/object/apply:os.system ['true']",
    "a number without end": b"spec: " + b"9" * 100_000,
    "UTF-16": "kind: Service".encode("utf-16"),
    "a key twice": b"kind: Service\nkind: Retry\n",
    "a merge key": b"a: &a {b: 1}\nc: {<<: *a}\n",
}

HOSTILE_JSON: dict[str, bytes] = {
    "JSON nested a hundred thousand deep": b"[" * 100_000 + b"]" * 100_000,
    "JSON objects nested deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number of a hundred thousand digits": b'{"spec":' + b"9" * 100_000 + b"}",
    "NaN": b'{"spec": NaN}',
    "JSON that is cut": b'{"kind": "Service", "metadata": {',
    "half a surrogate pair": b'{"kind": "\\ud800"}',
    "JSON of one string": b'"' + b"x" * MEBIBYTE + b'"',
}


@ENDS
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_hides_no_finding(name: str, tmp_path: Path) -> None:
    """It is refused with its place, exit code 2, and the good file's finding is reported."""
    (tmp_path / "bad.yaml").write_bytes(HOSTILE[name])
    (tmp_path / "good.yaml").write_text(SYSTEM)
    found = check(tmp_path)
    assert found.codes == [UNBOUNDED]
    assert found.code == (2 if found.errors else 1)
    assert found.errors or name == "fifty thousand empty documents"


@ENDS
@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_a_hostile_json_file_hides_no_finding(name: str, tmp_path: Path) -> None:
    """As with YAML."""
    (tmp_path / "bad.json").write_bytes(HOSTILE_JSON[name])
    (tmp_path / "good.yaml").write_text(SYSTEM)
    found = check(tmp_path)
    assert (found.code, found.codes) == (2, [UNBOUNDED])
    assert any("bad.json" in error for error in found.errors)


@ENDS
def test_a_malformed_document_among_good_ones_in_one_file(tmp_path: Path) -> None:
    """The documents before and after it are checked: the retry that does not fit is found."""
    broken = "apiVersion: configsvc/v1\nkind: Retry\nmetadata: {name: x}\nspec: {tarrget: {}}\n"
    (tmp_path / "all.yaml").write_text(f"{SYSTEM}---\n{TIMEOUT}---\n{broken}---\n{RETRY}")
    found = check(tmp_path)
    assert (found.code, found.codes) == (2, ["RT03"])
    assert len(found.errors) >= 1


@ENDS
def test_a_folder_of_fifty_megabytes(tmp_path: Path) -> None:
    """Four hundred files of 128 KiB each, of which one holds a system: it is found in them."""
    filling = "# " + "x" * 97 + "\n"
    for number in range(400):
        text = filling * 1_310 + _limit(number)
        (tmp_path / f"{number:03}.yaml").write_text(text)
    (tmp_path / "system.yaml").write_text(SYSTEM)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) > 50 * 1_000_000
    found = check(tmp_path)
    assert (found.code, found.codes) == (1, [UNBOUNDED])


@ENDS
def test_fifty_megabytes_of_documents(tmp_path: Path) -> None:
    """Documents as large as they may be, each a service with a hundred described operations."""
    for number in range(220):
        (tmp_path / f"{number:03}.json").write_text(_large(number))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) > 50 * 1_000_000
    assert check(tmp_path, 2_048).code == 0


def _limit(number: int) -> str:
    return (
        f"apiVersion: configsvc/v1\nkind: RateLimit\nmetadata: {{name: l{number}}}\n"
        "spec: {side: callee, rate: {limit: 1, period: 1s}}\n"
    )


def _large(number: int) -> str:
    """A Service of about 240 kB, most of which is its paths."""
    operations = [
        {"name": f"o{n}", "match": {"methods": ["GET"], "path": f"/{n}/" + "p" * 1_000}}
        for n in range(220)
    ]
    value = {
        "apiVersion": "configsvc/v1",
        "kind": "Service",
        "metadata": {"name": f"s{number}"},
        "spec": {"operations": operations},
    }
    return json.dumps(value)


@ENDS
def test_a_plan_of_a_chain_of_two_thousand(tmp_path: Path) -> None:
    """More requests than are told apart arrive at its end, over a path that is told in part."""
    for number, document in enumerate(graph([[n + 1] for n in range(1_999)] + [[]])):
        (tmp_path / f"{number:04}.json").write_text(json.dumps(document))
    done = run("plan", str(tmp_path), mebibytes=1_024)

    assert done.returncode == 1
    assert b"... 1991 more ... -> s1999[get0]" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 1_000


@ENDS
def test_links_in_a_circle(tmp_path: Path) -> None:
    """A folder that links to itself is read once."""
    (tmp_path / "good.yaml").write_text(SYSTEM)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert check(tmp_path).codes == [UNBOUNDED]


@ENDS
def test_a_pipe_is_no_document(tmp_path: Path) -> None:
    """A named pipe that nobody writes to does not make the command wait."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "good.yaml").write_text(SYSTEM)
    assert check(tmp_path).codes == [UNBOUNDED]
