"""From a folder to revisions: what is published, what is refused, and what is left alone."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from configsvc.gitops import folder as folders
from configsvc.gitops import publisher as publishers
from configsvc.gitops.folder import Contents, Look, look
from configsvc.gitops.marker import MARKER, Marker
from configsvc.gitops.outcome import State
from configsvc.usecases.errors import ManagedElsewhereError
from tests.gitops.folders import MANAGER, Published, mark, swap, timeout, write
from tests.usecases.world import NAMESPACE, ROOT, SYSTEM, waiver
from tests.usecases.world import timeout as api_timeout

SECONDS = 1_000_000
BROKEN = timeout("a").replace("target: {}", "target: {to: score}, attempt: 5s")
"""Breaks RT01: an attempt may take longer than the whole call."""


def test_documents_of_all_files_become_one_revision(published: Published, folder: Path) -> None:
    """Each says from then on that the folder manages it, and the author is the folder."""
    write(folder, {"a.yaml": timeout("a"), "sub/b.yml": timeout("b") + "---\n" + timeout("c")})

    outcome = published.publish()

    assert (outcome.state, outcome.revision, outcome.folder) == (State.PUBLISHED, 1, "policies")
    assert outcome.reason == "put Timeout/a, Timeout/b, Timeout/c"
    assert published.names() == dict.fromkeys("abc", MANAGER)
    (record,) = published.plane.inspector.history(ROOT, NAMESPACE)
    assert (record.author, record.message) == (MANAGER, f"{MANAGER}: {outcome.reason}")


def test_edit_puts_and_deletes_in_one_revision(published: Published, folder: Path) -> None:
    """What changed is put, what is gone is deleted, the rest stays."""
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b"), "c.yaml": timeout("c")})
    published.publish()
    write(folder, {"a.yaml": timeout("a", "9s")})
    (folder / "b.yaml").unlink()

    outcome = published.publish()

    assert (outcome.revision, outcome.reason) == (2, "put Timeout/a; delete Timeout/b")
    assert set(published.names()) == {"a", "c"}
    assert published.overall("a") == 9 * SECONDS


def test_layout_comments_and_file_names_are_no_edit(published: Published, folder: Path) -> None:
    """What the documents mean counts, not how they are written."""
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b")})
    published.publish()
    (folder / "b.yaml").unlink()
    write(folder, {"a.yaml": "# all in one\n" + timeout("b") + "---\n" + timeout("a")})

    assert published.publish().state is State.CURRENT
    assert published.revision == 1


def test_resources_of_others_are_never_deleted(published: Published, folder: Path) -> None:
    """A folder that becomes empty deletes what it manages."""
    published.apply(*SYSTEM)
    write(folder, {"a.yaml": timeout("a")})
    published.publish()
    (folder / "a.yaml").unlink()

    assert published.publish().reason == "delete Timeout/a"
    assert set(published.names()) == {"default", "player", "score"}


def test_resource_of_somebody_else_is_not_taken_over(published: Published, folder: Path) -> None:
    """The whole edit is refused, and says what to write if that is meant."""
    published.apply(api_timeout("a"))
    write(folder, {"a.yaml": timeout("a", "9s"), "b.yaml": timeout("b")})

    outcome = published.publish()

    assert outcome.state is State.REFUSED
    assert outcome.reason == (
        "Timeout/a is managed by 'api': change it there, or write "
        f"'takeOver: {outcome.digest}' into .configsvc to manage it from here on"
    )
    assert published.names() == {"a": "api"}

    mark(folder, takeOver=outcome.digest)
    assert published.publish().state is State.PUBLISHED
    assert published.names() == {"a": MANAGER, "b": MANAGER}


def test_api_writes_to_a_folders_resource_only_by_taking_over(
    published: Published, folder: Path
) -> None:
    """Afterwards the folder's other edits go on, and an edit of that resource is refused."""
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b")})
    published.publish()
    with pytest.raises(ManagedElsewhereError):
        published.apply(api_timeout("a"))
    published.apply(api_timeout("a"), take_over=True)
    write(folder, {"b.yaml": timeout("b", "9s")})

    outcome = published.publish()
    assert (outcome.reason, outcome.adrift) == ("put Timeout/b", 1)
    assert published.names() == {"a": "api", "b": MANAGER}

    write(folder, {"a.yaml": timeout("a", "9s")})
    assert published.publish().state is State.REFUSED


def test_document_that_names_another_manager_is_invalid(published: Published, folder: Path) -> None:
    """One that names the folder itself is fine."""
    write(folder, {"a.yaml": timeout("a", manager=MANAGER)})
    assert published.publish().state is State.PUBLISHED

    write(folder, {"b.yaml": timeout("b", manager="api")})
    outcome = published.publish()
    assert outcome.state is State.INVALID
    assert outcome.reason == (
        f"{folder / 'b.yaml'}:3:21: /metadata/manager: 'api' manages what a file of "
        "'folder:policies' defines: leave 'manager' out, it is the folder that says it"
    )


def test_one_invalid_file_holds_the_whole_edit_back(published: Published, folder: Path) -> None:
    """Nothing of it is published until all of it can be."""
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b", "2")})

    outcome = published.publish()
    assert outcome.state is State.INVALID
    assert f"{folder / 'b.yaml'}:4:" in outcome.reason
    assert published.revision == 0

    write(folder, {"b.yaml": timeout("b")})
    assert published.publish().reason == "put Timeout/a, Timeout/b"


def test_many_mistakes_are_told_in_part(published: Published, folder: Path) -> None:
    """A log line stays readable."""
    write(folder, {f"{index}.yaml": timeout("UPPER") for index in range(25)})

    lines = published.publish().reason.splitlines()
    assert (len(lines), lines[-1]) == (21, "and 5 more")


@pytest.mark.parametrize("gone", ["marker", "folder", "content"])
def test_unmounted_folder_deletes_nothing(published: Published, folder: Path, gone: str) -> None:
    """Without its marker a folder is not there, whatever else is or is not in it."""
    write(folder, {"a.yaml": timeout("a")})
    published.publish()
    if gone == "folder":
        folder.rename(folder.with_name("elsewhere"))
    else:
        (folder / MARKER).unlink()
    if gone == "content":
        (folder / "a.yaml").unlink()

    outcome = published.publish()

    assert outcome.state is State.UNMOUNTED
    assert outcome.reason == f"there is no file {folder / MARKER}"
    assert set(published.names()) == {"a"}


def test_folder_that_is_unmounted_while_it_is_read_deletes_nothing(
    published: Published, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if the edit has been waiting for too long."""
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b")})
    published.publish()
    (folder / "b.yaml").unlink()
    seen = look(folder)

    def unmount(seen: Look, marker: Marker, today: date) -> Contents:
        contents = folders.read_folder(seen, marker, today)
        (folder / MARKER).unlink()
        return contents

    monkeypatch.setattr(publishers, "read_folder", unmount)

    assert published.publish(seen, insist=True).state is State.UNSETTLED
    assert set(published.names()) == {"a", "b"}


def test_folder_that_changes_while_it_is_read_has_not_settled(
    published: Published, folder: Path
) -> None:
    """Unless it has been changing for so long that what is there is taken."""
    write(folder, {"a.yaml": timeout("a")})
    seen = look(folder)
    write(folder, {"b.yaml": timeout("b")})

    assert published.publish(seen).state is State.UNSETTLED
    assert published.publish(seen, insist=True).reason == "put Timeout/a"


def test_restart_publishes_nothing_again(published: Published, folder: Path) -> None:
    """What was published last is remembered in the store."""
    write(folder, {"a.yaml": timeout("a")})
    published.publish()
    published.start()

    assert published.publish().state is State.CURRENT
    assert published.revision == 1


def test_rollback_is_not_undone_by_the_same_files(published: Published, folder: Path) -> None:
    """Neither at once, nor by a restart, nor by an edit of something else."""
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b")})
    published.publish()
    write(folder, {"a.yaml": timeout("a", "9s"), "c.yaml": timeout("c")})
    published.publish()
    assert published.roll_back(1) == 3

    assert published.publish().state is State.CURRENT
    published.start()
    assert published.publish().state is State.CURRENT
    write(folder, {"b.yaml": timeout("b", "8s")})
    outcome = published.publish()

    assert (outcome.reason, outcome.adrift) == ("put Timeout/b", 2)
    assert published.overall("a") == 2 * SECONDS
    assert set(published.names()) == {"a", "b"}


def test_edit_after_a_rollback_is_published(published: Published, folder: Path) -> None:
    """The rolled back document comes again as soon as somebody edits it."""
    write(folder, {"a.yaml": timeout("a")})
    published.publish()
    write(folder, {"a.yaml": timeout("a", "9s")})
    published.publish()
    published.roll_back(1)
    write(folder, {"a.yaml": timeout("a", "8s")})

    assert published.publish().revision == 4
    assert published.overall("a") == 8 * SECONDS


def test_crash_before_an_edit_is_remembered_does_not_repeat_it(
    published: Published, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It happens once, although somebody rolled it back before the process came again."""
    write(folder, {"a.yaml": timeout("a")})
    published.publish()
    write(folder, {"a.yaml": timeout("a", "9s")})
    with monkeypatch.context() as crash:
        crash.setattr(published.publisher, "_remember", _crash)
        with pytest.raises(KeyboardInterrupt):
            published.publish()
    assert published.roll_back(1) == 3
    published.start()

    assert published.publish().revision == 2
    assert published.revision == 3
    assert published.overall("a") == 2 * SECONDS
    assert published.publish().state is State.CURRENT


def test_deleting_most_of_a_namespace_has_to_be_confirmed(
    published: Published, folder: Path
) -> None:
    """By naming the very contents that are meant; another edit needs another confirmation."""
    write(folder, {f"{index}.yaml": timeout(f"t{index}") for index in range(12)})
    published.publish()
    for index in range(7):
        (folder / f"{index}.yaml").unlink()

    refused = published.publish()
    assert refused.state is State.REFUSED
    assert refused.reason == (
        "the edit deletes 7 of 12 resources, more than half of the namespace: if that is meant, "
        f"write 'confirm: {refused.digest}' into .configsvc"
    )

    mark(folder, confirm=refused.digest)
    (folder / "7.yaml").unlink()
    assert published.publish().state is State.REFUSED
    write(folder, {"7.yaml": timeout("t7")})
    assert published.publish().state is State.PUBLISHED
    assert len(published.names()) == 5


def test_findings_hold_an_edit_back(published: Published, folder: Path) -> None:
    """The gate is the same for everybody."""
    published.apply(*SYSTEM)
    write(folder, {"a.yaml": BROKEN})

    outcome = published.publish()

    assert outcome.state is State.REFUSED
    assert outcome.reason.startswith("RT01 ")
    assert published.revision == 1


def test_folder_may_not_waive_errors(published: Published, folder: Path) -> None:
    """It publishes as an editor."""
    published.apply(*SYSTEM)
    write(folder, {"a.yaml": BROKEN, "waiver.json": json.dumps(waiver("later", "RT01"))})

    outcome = published.publish()

    assert outcome.state is State.REFUSED
    assert outcome.reason.startswith("the edit waives an error finding, which only an admin may")


def test_kubernetes_volume_is_read_through_its_links(published: Published, folder: Path) -> None:
    """Directories that start with dots are not searched; what links into them is read once."""
    swap(folder, "one", {"a.yaml": timeout("a"), "b.yaml": timeout("b")})
    assert published.publish().reason == "put Timeout/a, Timeout/b"

    swap(folder, "two", {"a.yaml": timeout("a", "9s"), "b.yaml": timeout("b")})
    assert published.publish().reason == "put Timeout/a"


def test_files_of_editors_are_no_documents(published: Published, folder: Path) -> None:
    """Backups, swap files and temporary ones are passed over."""
    rubbish = [".a.yaml.swp", "a.yaml~", "#a.yaml#", "4913", "sedAbC123", "a.yaml___jb_tmp___"]
    write(folder, {"a.yaml": timeout("a"), **dict.fromkeys(rubbish, "{")})
    (folder / ".#a.yaml").symlink_to("somebody@somewhere.1234:5678")

    assert published.publish().reason == "put Timeout/a"


def test_link_to_nowhere_is_invalid_and_deletes_nothing(published: Published, folder: Path) -> None:
    """A file that cannot be read is not one that is gone."""
    write(folder, {"a.yaml": timeout("a")})
    published.publish()
    (folder / "a.yaml").unlink()
    (folder / "a.yaml").symlink_to("nowhere")

    assert published.publish().state is State.INVALID
    assert set(published.names()) == {"a"}


def test_loop_of_links_ends(published: Published, folder: Path) -> None:
    """A folder that contains itself is read once."""
    write(folder, {"sub/a.yaml": timeout("a")})
    (folder / "sub" / "up").symlink_to(folder)

    assert published.publish().reason == "put Timeout/a"


def test_resource_in_two_files_is_invalid(published: Published, folder: Path) -> None:
    """Nobody guesses which is meant."""
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("a", "9s")})

    outcome = published.publish()
    assert outcome.state is State.INVALID
    assert "Timeout/a is there twice" in outcome.reason


@pytest.mark.parametrize(
    ("bound", "value", "message"),
    [
        ("MAX_FOLDER_BYTES", 100, "bytes together"),
        ("MAX_DOCUMENTS", 1, "more than 1 documents"),
    ],
)
def test_folder_beyond_its_bounds_is_invalid(
    published: Published, folder: Path, monkeypatch: pytest.MonkeyPatch, *,
    bound: str, value: int, message: str,
) -> None:  # fmt: skip
    """It is told, and nothing is published."""
    monkeypatch.setattr(folders, bound, value)
    write(folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b")})

    outcome = published.publish()
    assert outcome.state is State.INVALID
    assert message in outcome.reason


def test_folder_nested_too_deep_is_invalid(published: Published, folder: Path) -> None:
    """What is beyond the bound is told rather than passed over: it might be deletions."""
    write(folder, {"/".join(["d"] * 40) + "/a.yaml": timeout("a")})

    outcome = published.publish()
    assert outcome.state is State.INVALID
    assert "more than 32 folders deep" in outcome.reason


def test_more_than_one_change_holds_is_refused(published: Published, folder: Path) -> None:
    """An edit is one revision or none."""
    text = "---\n".join(timeout(f"t{index}") for index in range(1001))
    write(folder, {"a.yaml": text})

    outcome = published.publish()
    assert outcome.state is State.REFUSED
    assert "1001 resources, at most 1000 fit in one" in outcome.reason


def test_store_that_is_away_delays_an_edit(published: Published, folder: Path) -> None:
    """It is nobody's mistake, and the edit stays to be published."""
    write(folder, {"a.yaml": timeout("a")})
    published.world.store.close()

    outcome = published.publish()

    assert outcome.state is State.DELAYED
    assert not outcome.is_over


def test_folder_that_gets_another_name_takes_over_nothing(
    published: Published, folder: Path
) -> None:
    """Resources stay with the name under which they were published."""
    write(folder, {"a.yaml": timeout("a")})
    published.publish()
    mark(folder, name="rules")

    outcome = published.publish()
    assert outcome.state is State.REFUSED
    assert "managed by 'folder:policies'" in outcome.reason


def test_unreadable_folder_inside_is_invalid(published: Published, folder: Path) -> None:
    """What cannot be searched is not empty."""
    write(folder, {"sub/a.yaml": timeout("a")})
    published.publish()
    (folder / "sub").chmod(0)
    try:
        if os.access(folder / "sub", os.R_OK):
            pytest.skip("this user may read everything")
        assert published.publish().state is State.INVALID
    finally:
        (folder / "sub").chmod(0o700)


def _crash(*_: object) -> None:
    raise KeyboardInterrupt
