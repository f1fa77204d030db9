"""Documents edited in their files: what is changed, and that nothing else is."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc.analysis.patching import apply_patch
from configsvc.cli.edits import Edit, EditError, edited
from configsvc.model.names import Key, Kind
from configsvc.schema import load_text

RETRY = Key(Kind.RETRY, "eager")

YAML = """\
# Who owns this.
---
apiVersion: configsvc/v1
kind:   Timeout   # of all
metadata: {name: bounded}
spec:
   overall:    6s
...
---  # the retries
# of which there are many
apiVersion: "configsvc/v1"
kind: Retry
metadata: {name:   'eager'}

spec:
    target: { to: stock }   # all of it
    # four of them
    attempts:  4     # too many?
    # and this
    retryOn:
    -   timeout
    -   "5xx"   # both

    backoff: {base:  100ms,   max: 60s}
# the end
"""


def value_of(text: str, key: Key = RETRY, syntax: Any = "yaml") -> Any:  # noqa: ANN401 any JSON
    """The value of a document in a text."""
    for document in load_text(text, origin="test", syntax=syntax).documents:
        if document.value["metadata"]["name"] == key.name:
            return document.value
    raise AssertionError(key)


def patched(text: str, *operations: tuple[str, str, Any], file: str = "a.yaml") -> str:
    """The text after a JSON patch of the retries."""
    patch = [
        {"op": op, "path": path} | ({} if op == "remove" else {"value": value})
        for op, path, value in operations
    ]
    syntax = "json" if file.endswith(".json") else "yaml"
    return edited(text, {RETRY: apply_patch(value_of(text, syntax=syntax), patch)}, file)


def differing(before: str, after: str) -> tuple[set[str], set[str]]:
    """Lines that are gone, and lines that are new."""
    old, new = set(before.split("\n")), set(after.split("\n"))
    return old - new, new - old


def test_replaced_value_changes_its_line_alone() -> None:
    """Comments, order, quotes and odd spaces of every other line stay, also in other documents."""
    after = patched(YAML, ("replace", "/spec/attempts", 2))

    assert differing(YAML, after) == (
        {"    attempts:  4     # too many?"},
        {"    attempts: 2      # too many?"},
    )
    assert value_of(after)["spec"]["attempts"] == 2


def test_value_inside_braces_is_replaced_there() -> None:
    """A mapping in flow style stays one line."""
    after = patched(YAML, ("replace", "/spec/backoff/base", "250ms"))

    assert differing(YAML, after)[1] == {"    backoff: {base: 250ms, max: 60s}"}


def test_added_field_gets_a_line_of_its_own() -> None:
    """In block style an addition is one new line, in the indentation of its neighbours."""
    after = patched(YAML, ("add", "/spec/enabled", False))

    assert differing(YAML, after) == (set(), {"    enabled: false"})


def test_added_object_is_created_around_its_field() -> None:
    """A patch may add what a field needs around it first."""
    after = patched(YAML, ("add", "/spec/budget", {}), ("add", "/spec/budget/ratio", "10%"))

    assert value_of(after)["spec"]["budget"] == {"ratio": "10%"}
    assert differing(YAML, after)[0] == set()


def test_removed_field_takes_no_comment_with_it() -> None:
    """A comment may be about the next line: none is ever deleted."""
    after = patched(YAML, ("remove", "/spec/attempts", None))
    gone, new = differing(YAML, after)

    assert (gone, new) == ({"    attempts:  4     # too many?"}, set())


def test_item_of_a_list_is_replaced() -> None:
    """Lists whose items are changed keep the others, whatever their indentation."""
    after = patched(YAML, ("replace", "/spec/retryOn/0", "connect"))

    assert value_of(after)["spec"]["retryOn"] == ["connect", "5xx"]
    assert "# both" in after


def test_line_endings_and_mark_of_windows_stay() -> None:
    """A file is not rewritten from end to end because of its line endings."""
    windows = "\ufeff" + YAML.replace("\n", "\r\n")
    after = patched(windows, ("replace", "/spec/attempts", 2))

    assert after == "\ufeff" + patched(YAML, ("replace", "/spec/attempts", 2)).replace("\n", "\r\n")


def test_file_without_last_line_ending_gets_none() -> None:
    """The diff has the changed line alone."""
    text = YAML.rstrip("\n")

    assert not patched(text, ("replace", "/spec/attempts", 2)).endswith("\n")


def test_alias_is_kept_where_it_says_the_same() -> None:
    """A value beside an alias may change; the anchor stays."""
    text = YAML.replace("base:  100ms", "base: &short 100ms").replace("max: 60s", "max: *short")
    after = patched(text, ("replace", "/spec/backoff/max", "1s"))

    assert "backoff: {base: &short 100ms, max: 1s}" in after


def test_value_behind_an_alias_is_not_changed_in_two_places() -> None:
    """An edit that would say more than it should is refused."""
    text = YAML.replace("  'eager'}", "'eager', labels: &l {a: x}, more: *l}")
    with pytest.raises(EditError, match=r"its layout cannot be kept; change it by hand"):
        patched(text, ("replace", "/metadata/labels/a", "y"))


def test_yaml_1_1_words_stay_text() -> None:
    """What is written into a file reads back as it was meant."""
    after = patched(YAML, ("add", "/metadata/labels", {"a": "no", "b": "1e3", "c": "0o17"}))

    assert value_of(after)["metadata"]["labels"] == {"a": "no", "b": "1e3", "c": "0o17"}


def test_broken_file_is_not_edited() -> None:
    """Whoever cannot read a file whole does not write it."""
    with pytest.raises(EditError, match=r"a.yaml was not changed: it cannot be read whole"):
        edited(YAML + "---\n}\n", {RETRY: value_of(YAML)}, "a.yaml")


def test_document_that_is_gone_is_not_edited() -> None:
    """A file that was changed meanwhile is left alone."""
    value = value_of(YAML)
    with pytest.raises(EditError, match=r"Retry/eager is not in it any more"):
        edited(YAML.replace("eager", "other"), {RETRY: value}, "a.yaml")


@pytest.mark.parametrize("indent", [None, 1, 2, 4, "\t"])
def test_json_keeps_its_layout(indent: int | str | None) -> None:
    """One line changes in a JSON file, with the indentation and order that it has."""
    text = json.dumps(value_of(YAML), indent=indent) + "\n"
    after = patched(text, ("replace", "/spec/attempts", 2), file="a.json")

    assert after == text.replace('"attempts": 4', '"attempts": 2')


def test_json_laid_out_by_hand_stays_so_where_lines_are_as_many() -> None:
    """Spaces that no writer would choose stay in the lines that do not change."""
    text = json.dumps(value_of(YAML), indent=2).replace('"kind":', '"kind"  :')
    after = patched(text, ("replace", "/spec/attempts", 2), file="a.json")

    assert '"kind"  :' in after


def test_diff_can_be_patched() -> None:
    """The diff names both sides, and says where a last line has no ending."""
    edit = Edit("p/a.yaml", "a: 1\nb: 2", "a: 3\nb: 2")

    assert edit.diff() == (
        "--- a/p/a.yaml\n+++ b/p/a.yaml\n@@ -1,2 +1,2 @@\n-a: 1\n+a: 3\n b: 2\n"
        "\\ No newline at end of file\n"
    )


def test_diff_of_an_absolute_path_has_one_slash() -> None:
    """As git writes it."""
    assert (
        Edit("/p/a.yaml", "a: 1\n", "a: 2\n").diff().startswith("--- a/p/a.yaml\n+++ b/p/a.yaml\n")
    )


SCALARS = st.one_of(
    st.booleans(), st.integers(-5, 5), st.text("no1e.:#-' \"{}é", max_size=6), st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abno", min_size=1), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["attempts", "backoff", "retryOn", "enabled"]), VALUES),
    st.sampled_from(["a.yaml", "a.json"]),
)
def test_what_is_written_reads_back(members: dict[str, Any], file: str) -> None:
    """Whatever the change, the text says it afterwards, or is left alone."""
    value = value_of(YAML)
    text = YAML if file == "a.yaml" else json.dumps(value, indent=2)
    wanted = {**value, "spec": {**value["spec"], **members}}
    try:
        after = edited(text, {RETRY: wanted}, file)
    except EditError:
        return
    assert value_of(after, syntax="json" if file == "a.json" else "yaml") == wanted
