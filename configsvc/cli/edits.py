"""Edits of documents in their files: comments, order and layout stay as they are."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configsvc.analysis.formats import TextChange
from configsvc.cli.sources import Sources
from configsvc.cli.whole_files import write_whole
from configsvc.errors import ConfigsvcError
from configsvc.gitops.sources import SYNTAXES
from configsvc.model.names import Key
from configsvc.schema import Document, Syntax, load_text

_MARK = "\ufeff"


class EditError(ConfigsvcError):
    """A document cannot be changed in its file without losing something."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file} was not changed: {problem}; change it by hand")


@dataclass(frozen=True, slots=True)
class Edit:
    """A file before and after."""

    file: str
    before: str
    after: str

    def diff(self) -> str:
        """What differs, as `patch` takes it."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        name = self.file.lstrip("/")
        lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
        return "".join(_ended(line) for line in lines)

    def changes(self) -> Iterator[TextChange]:
        """The lines that give way to others."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag != "equal":
                yield TextChange(self.file, i1 + 1, i2 - i1, "".join(after[j1:j2]))

    def write(self) -> None:
        """Put the new text in the file; raises `InputError` where it cannot be written."""
        write_whole(Path(self.file), self.after.encode())


def edits(values: Mapping[Key, Any], sources: Sources) -> Iterator[Edit]:
    """The edit of each file that holds one of some documents, which get new values.

    Raises:
        EditError: the text of a file would not read back as what it should say.
    """
    by_file: dict[str, dict[Key, Any]] = {}
    for key, value in values.items():
        by_file.setdefault(sources.documents[key].origin, {})[key] = value
    for file, wanted in sorted(by_file.items()):
        before = Path(file).read_bytes().decode()
        after = edited(before, wanted, file)
        if after != before:
            yield Edit(file, before, after)


def edited(text: str, wanted: Mapping[Key, Any], file: str) -> str:
    """The text of a file after some of its documents got other values.

    Raises:
        EditError: as `edits`.
    """
    syntax = SYNTAXES[Path(file).suffix.lower()]
    mark = _MARK if text.startswith(_MARK) else ""
    plain = text.removeprefix(_MARK)
    ending = "\r\n" if "\r\n" in plain else "\n"
    plain = plain.replace("\r\n", "\n")
    expected = [_wanted(each, wanted) for each in _documents(plain, file, syntax)]
    for key, value in wanted.items():
        plain = _with_value(plain, key, value, file, syntax)
    if [each.value for each in _documents(plain, file, syntax)] != expected:
        raise EditError(file, "its layout cannot be kept")
    return mark + plain.replace("\n", ending)


def _with_value(text: str, key: Key, value: Any, file: str, syntax: Syntax) -> str:  # noqa: ANN401 JSON
    if syntax == "json":
        from configsvc.cli.json_edits import json_with_value

        return json_with_value(text, value)
    from configsvc.cli.yaml_edits import yaml_with_value  # 60 ms that only an edit pays

    found = next((each for each in _documents(text, file, syntax) if _key(each) == key), None)
    if found is None:
        raise EditError(file, f"{key} is not in it any more")
    return yaml_with_value(text, found, value)


def _documents(text: str, file: str, syntax: Syntax) -> tuple[Document, ...]:
    loaded = load_text(text, origin=file, syntax=syntax)
    if loaded.errors:
        raise EditError(file, f"it cannot be read whole ({loaded.errors[0].message})")
    return loaded.documents


def _wanted(document: Document, wanted: Mapping[Key, Any]) -> Any:  # noqa: ANN401 any JSON
    key = _key(document)
    return document.value if key is None else wanted.get(key, document.value)


def _key(document: Document) -> Key | None:
    """Which resource a document describes; None for one that describes none."""
    kind, metadata = document.value.get("kind"), document.value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    try:
        return Key.parse(f"{kind}/{name}")
    except ConfigsvcError:
        return None


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
