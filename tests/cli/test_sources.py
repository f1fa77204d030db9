"""Files and folders: which are read, in which order, and how everything wrong is reported."""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from configsvc.cli.sources import load
from configsvc.gitops import sources
from configsvc.gitops.sources import SourceError, find

TODAY = date(2026, 1, 1)


def timeout(name: str, overall: str = "2s") -> str:
    """A Timeout as YAML."""
    return (
        "apiVersion: configsvc/v1\nkind: Timeout\n"
        f"metadata: {{name: {name}}}\nspec: {{target: {{}}, overall: {overall}}}\n"
    )


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files by their paths inside a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def names(folder: Path, found: tuple[Path, ...]) -> list[str]:
    """Paths relative to a folder."""
    return [str(path.relative_to(folder)) for path in found]


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    """Every document file below a folder is found, sorted; others and hidden ones are not."""
    content = dict.fromkeys(
        ["b.yaml", "a.json", "sub/c.YML", "sub/.git/d.yaml", ".e.yaml", "notes.txt"], ""
    )
    write(tmp_path, content)

    assert names(tmp_path, find([tmp_path])) == ["a.json", "b.yaml", "sub/c.YML"]


def test_hidden_file_that_is_named_is_read(tmp_path: Path) -> None:
    """Only a search passes over hidden files."""
    write(tmp_path, {".e.yaml": ""})

    assert names(tmp_path, find([tmp_path / ".e.yaml"])) == [".e.yaml"]


def test_each_file_is_found_once(tmp_path: Path) -> None:
    """A file that is named beside its folder, or linked to, is one file."""
    write(tmp_path, {"a.yaml": ""})
    (tmp_path / "link.yaml").symlink_to(tmp_path / "a.yaml")

    assert names(tmp_path, find([tmp_path, tmp_path / "a.yaml"])) == ["a.yaml"]


def test_loop_of_links_ends(tmp_path: Path) -> None:
    """A folder that contains itself is searched once."""
    write(tmp_path, {"sub/a.yaml": ""})
    (tmp_path / "sub" / "up").symlink_to(tmp_path)

    assert names(tmp_path, find([tmp_path])) == ["sub/a.yaml"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "missing does not exist: name a file or a folder"),
        ("notes.txt", r"notes.txt is neither \*.yaml, \*.yml nor \*.json: rename it"),
        ("empty", r"no \*.yaml, \*.yml or \*.json file is in .*empty: name another folder"),
    ],
)
def test_path_of_no_use_is_refused(tmp_path: Path, path: str, message: str) -> None:
    """A path that gives nothing to read is an error, not a clean result."""
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()

    with pytest.raises(SourceError, match=message):
        load([tmp_path / path], TODAY)


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong folder is told from a configuration by its size."""
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    write(tmp_path, dict.fromkeys(["a.yaml", "b.yaml", "c.yaml"], ""))

    with pytest.raises(SourceError, match="more than 2 files"):
        find([tmp_path])


def test_every_mistake_of_every_file_is_reported(tmp_path: Path) -> None:
    """One broken document hides neither the others' mistakes nor what is good."""
    broken = timeout("half", overall="2") + "---\n" + timeout("good")
    write(tmp_path, {"a.yaml": broken, "b.json": "{", "c.yaml": timeout("UPPER")})

    loaded = load([tmp_path], TODAY)

    assert [str(resource.key) for resource in loaded.resources] == ["Timeout/good"]
    places = [(Path(e.origin).name, e.line, e.pointer) for e in loaded.errors]
    assert places == [
        ("a.yaml", 4, "/spec/overall"),
        ("b.json", 1, ""),
        ("c.yaml", 3, "/metadata/name"),
    ]


def test_duplicate_resource_names_both_places(tmp_path: Path) -> None:
    """The same resource in two files is an error that says where the other one is."""
    write(tmp_path, {"a.yaml": timeout("one"), "b.yaml": "\n" + timeout("one")})

    (error,) = load([tmp_path], TODAY).errors

    assert str(error) == (
        f"{tmp_path / 'b.yaml'}:4:12: /metadata/name: Timeout/one is there twice, "
        f"first at {tmp_path / 'a.yaml'}:3:12: keep one"
    )


def test_names_of_callers_are_unique_between_kinds(tmp_path: Path) -> None:
    """A Service and a Gateway of one name are refused, as on the server."""
    head = "apiVersion: configsvc/v1\nkind: {}\nmetadata: {{name: web}}\nspec: {}\n"
    gateway = "{listeners: [{port: 8080}]}"
    write(
        tmp_path,
        {"a.yaml": head.format("Service", "{}"), "b.yaml": head.format("Gateway", gateway)},
    )

    (error,) = load([tmp_path], TODAY).errors

    assert error.message == (
        f"Gateway/web has the name of Service/web at {tmp_path / 'a.yaml'}:3:12: "
        "names of Service, Gateway and Bff are unique together"
    )


def test_file_beyond_the_bound_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A huge file is refused after as many bytes as the bound."""
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 1 << 20)
    (tmp_path / "a.yaml").write_bytes(b"#" * ((1 << 20) + 1))

    (error,) = load([tmp_path], TODAY).errors

    assert error.message == "is larger than 1 MiB: split it"


def test_pipe_does_not_block(tmp_path: Path) -> None:
    """What is no regular file is refused without being opened."""
    os.mkfifo(tmp_path / "a.yaml")

    (error,) = load([tmp_path], TODAY).errors

    assert error.message == "is not a regular file: name a file with documents"


def test_dangling_link_is_reported(tmp_path: Path) -> None:
    """A link to nowhere is a mistake of that file alone."""
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere")
    write(tmp_path, {"b.yaml": timeout("good")})

    loaded = load([tmp_path], TODAY)

    assert [error.message for error in loaded.errors] == [
        "cannot be read: No such file or directory"
    ]
    assert len(loaded.resources) == 1
