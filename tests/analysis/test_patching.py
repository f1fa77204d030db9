"""Patches of fixes: applied to a copy, refused where they do not fit."""

import pytest

from configsvc.analysis.patching import PatchError, apply_patch

DOCUMENT = {"spec": {"attempts": 4, "retryOn": ["a", "b"], "a/b": {"c": 1}}}


def _patched(op: str, path: str, value: object = None) -> object:
    return apply_patch(DOCUMENT, [{"op": op, "path": path, "value": value}])["spec"]


def test_replace_add_and_remove() -> None:
    """Members and elements are replaced, added and removed."""
    assert _patched("replace", "/spec/attempts", 3) == {**DOCUMENT["spec"], "attempts": 3}
    assert _patched("add", "/spec/budget", {}) == {**DOCUMENT["spec"], "budget": {}}
    assert _patched("add", "/spec/retryOn/1", "x") == {
        **DOCUMENT["spec"],
        "retryOn": ["a", "x", "b"],
    }
    assert _patched("add", "/spec/retryOn/-", "x") == {
        **DOCUMENT["spec"],
        "retryOn": ["a", "b", "x"],
    }
    assert _patched("remove", "/spec/retryOn/0") == {**DOCUMENT["spec"], "retryOn": ["b"]}
    assert _patched("replace", "/spec/a~1b/c", 2) == {**DOCUMENT["spec"], "a/b": {"c": 2}}


def test_document_itself_is_left_alone() -> None:
    """A patch works on a copy."""
    _patched("replace", "/spec/attempts", 3)
    assert DOCUMENT["spec"]["attempts"] == 4


@pytest.mark.parametrize(
    ("op", "path", "message"),
    [
        ("replace", "/spec/nothing", "cannot replace '/spec/nothing': there is no 'nothing'"),
        ("remove", "/spec/retryOn/7", "there is no '7'"),
        ("add", "/nowhere/x", "there is no 'nowhere'"),
        ("replace", "spec", "the path is not a JSON pointer below the root"),
        ("move", "/spec/attempts", "fixes add, replace and remove only"),
    ],
)
def test_patch_that_does_not_fit_is_refused(op: str, path: str, message: str) -> None:
    """What leads nowhere is an error that says so."""
    with pytest.raises(PatchError, match=message):
        _patched(op, path, 1)
