"""Files and folders: which are read, in which order, and how everything wrong is reported."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from configsvc.gitops import sources
from configsvc.gitops.sources import SourceError, Sources, find
from tests.gitops.folders import timeout, write

TODAY = date(2026, 1, 1)


def load(paths: Sequence[Path], manager: str | None = None) -> Sources:
    """Everything under the paths."""
    sources = Sources(manager=manager)
    for file in find(paths):
        sources.add(file, TODAY)
    return sources


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
    ],
)
def test_path_of_no_use_is_refused(tmp_path: Path, path: str, message: str) -> None:
    """A path that gives nothing to read is an error, not a clean result."""
    (tmp_path / "notes.txt").touch()

    with pytest.raises(SourceError, match=message):
        find([tmp_path / path])


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong folder is told from a configuration by its size."""
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    write(tmp_path, dict.fromkeys(["a.yaml", "b.yaml", "c.yaml"], ""))

    with pytest.raises(SourceError, match="more than 2 files"):
        find([tmp_path])


def test_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What all files hold together is bounded, not only each of them."""
    monkeypatch.setattr(sources, "MAX_BYTES", 3 << 20)
    write(tmp_path, dict.fromkeys(["a.yaml", "b.yaml", "c.yaml"], "#" * (1 << 20)))
    exact = load([tmp_path])
    (tmp_path / "d.yaml").write_text("#")

    assert exact.size == 3 << 20
    with pytest.raises(SourceError, match=r"up to .*d\.yaml have more than 3 MiB together"):
        load([tmp_path])


def test_every_mistake_of_every_file_is_reported(tmp_path: Path) -> None:
    """One broken document hides neither the others' mistakes nor what is good."""
    broken = timeout("half", overall="2") + "---\n" + timeout("good")
    write(tmp_path, {"a.yaml": broken, "b.json": "{", "c.yaml": timeout("UPPER")})

    loaded = load([tmp_path])

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

    (error,) = load([tmp_path]).errors

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

    (error,) = load([tmp_path]).errors

    assert error.message == (
        f"Gateway/web has the name of Service/web at {tmp_path / 'a.yaml'}:3:12: "
        "names of Service, Gateway and Bff are unique together"
    )


def test_file_beyond_the_bound_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A huge file is refused after as many bytes as the bound."""
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 1 << 20)
    (tmp_path / "a.yaml").write_bytes(b"#" * ((1 << 20) + 1))

    (error,) = load([tmp_path]).errors

    assert error.message == "is larger than 1 MiB: split it"


def test_pipe_does_not_block(tmp_path: Path) -> None:
    """What is no regular file is refused without being opened."""
    os.mkfifo(tmp_path / "a.yaml")

    (error,) = load([tmp_path]).errors

    assert error.message == "is not a regular file: name a file with documents"


def test_dangling_link_is_reported(tmp_path: Path) -> None:
    """A link to nowhere is a mistake of that file alone."""
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere")
    write(tmp_path, {"b.yaml": timeout("good")})

    loaded = load([tmp_path])

    assert [error.message for error in loaded.errors] == [
        "cannot be read: No such file or directory"
    ]
    assert len(loaded.resources) == 1


def test_too_many_names_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of files that are none of ours: looking at them takes time."""
    monkeypatch.setattr(sources, "MAX_ENTRIES", 3)
    write(tmp_path, dict.fromkeys(["a.txt", ".b", "sub/c.txt", "sub/d.txt"], ""))

    with pytest.raises(SourceError, match=r"more than 3 names in the folders up to .*sub"):
        find([tmp_path])


def test_folders_nested_too_deep_are_refused(tmp_path: Path) -> None:
    """Not passed over: what is in them may matter."""
    write(tmp_path, {"/".join(["d"] * 32) + "/a.yaml": ""})

    with pytest.raises(SourceError, match="is more than 32 folders deep: nest less"):
        find([tmp_path])


def test_documents_say_from_then_on_who_manages_them(tmp_path: Path) -> None:
    """What is stored tells it to everybody."""
    write(tmp_path, {"a.yaml": timeout("a")})

    loaded = load([tmp_path], "folder:policies")

    assert [each.manager for each in loaded.resources] == ["folder:policies"]
    (document,) = loaded.documents.values()
    assert document.value["metadata"] == {"name": "a", "manager": "folder:policies"}


def test_manager_that_a_document_names_has_to_be_the_folder(tmp_path: Path) -> None:
    """Without a folder, any will do."""
    write(tmp_path, {"a.yaml": timeout("a", manager="folder:rules")})

    assert load([tmp_path], "folder:rules").errors == []
    assert load([tmp_path]).errors == []
    (error,) = load([tmp_path], "folder:policies").errors
    assert error.pointer == "/metadata/manager"
