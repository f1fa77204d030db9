"""Writes the pages that come from the code: ``python docs/build.py``, or looks only (``--check``).

Rules, kinds, settings and commands are described where they are defined. What is written here is
committed, so that it can be read without building; a test holds it to the code.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from configsvc.analysis import analyze
from configsvc.analysis.formats.svg import draw
from configsvc.analysis.pages import examples, index, page
from configsvc.analysis.rule import EdgeRule, Rule
from configsvc.analysis.rules import ALL, RETIRED
from configsvc.analysis.timeline import timeline
from configsvc.cli.root import COMMANDS, root
from configsvc.model.names import Kind
from configsvc.resolve import Catalog
from configsvc.schema import json_schema, load_text, read
from configsvc.settings import markdown

ROOT = Path(__file__).resolve().parents[1]
_DAY = date(2026, 7, 1)
"""A day on which no waiver of an example has expired."""
NOTE = "<!-- Written by docs/build.py from the code: change it there. -->\n\n"

Pages = Mapping[Path, str]


def pages() -> Pages:
    """Every generated file with its text."""
    return dict([*_rules(), *_kinds(), *_commands(), _settings()])


def _rules() -> Iterator[tuple[Path, str]]:
    folder = ROOT / "docs" / "reference" / "rules"
    links = index(ALL)
    for rule in ALL:
        links = links.replace(f"| {rule.code} |", f"| [{rule.code}]({rule.code}.md) |")
        pictures = _pictures(rule)
        yield folder / f"{rule.code}.md", NOTE + _illustrated(page(rule), rule.code, pictures)
        for name, drawing in pictures.items():
            yield folder / "pictures" / f"{rule.code}-{name}.svg", drawing
        if rule.imported_only:
            continue  # its example describes a foreign runtime, which no document does
        conflict, repaired = examples(rule)
        example = ROOT / "examples" / "conflicts" / rule.code
        yield example / "conflict" / "documents.yaml", f"# Raises exactly {rule.code}.\n{conflict}"
        yield example / "repaired" / "documents.yaml", f"# Raises nothing.\n{repaired}"
    retired = ", ".join(f"{code} (covered by {by})" for code, by in RETIRED.items())
    tail = f"\nRetired codes, which are never used again: {retired}.\n"
    yield folder / "README.md", f"{NOTE}# Rules\n\n{links}{tail}"


def _pictures(rule: type[Rule]) -> dict[str, str]:
    """The time budget of the edge that an example is about, in conflict and repaired."""
    if rule.imported_only or not issubclass(rule, EdgeRule) or "timeout" not in rule.inputs:
        return {}
    catalogs = [_catalog(text) for text in examples(rule)]
    (finding,) = analyze(catalogs[0], ALL, today=_DAY).findings
    edge = finding.subject.edge
    if edge is None:
        return {}
    return {
        name: draw(timeline(catalog, edge))
        for name, catalog in zip(("conflict", "repaired"), catalogs, strict=True)
    }


def _catalog(text: str) -> Catalog:
    loaded = load_text(text, origin="example", syntax="yaml")
    return Catalog.of([read(document) for document in loaded.documents])


def _illustrated(text: str, code: str, pictures: Mapping[str, str]) -> str:
    """A rule's page with the pictures at the end of the sections that they belong to."""
    for name, following in (("conflict", "## Use instead"), ("repaired", "## References")):
        if name in pictures:
            image = f"![The time budget, {name}](pictures/{code}-{name}.svg)"
            text = text.replace(following, f"{image}\n\n{following}", 1)
    return text


def _settings() -> tuple[Path, str]:
    path = ROOT / "docs" / "reference" / "settings.md"
    head = "# Settings of a node\n\nThe first that gives a value wins: flag, variable, file.\n\n"
    return path, NOTE + head + markdown()


def _commands() -> Iterator[tuple[Path, str]]:
    sections = [f"# Commands\n\n{_help(root, 'configsvc')}"]
    for command in COMMANDS:
        loaded = command.load()
        sections.append(f"## {command.name}\n\n{_help(loaded, f'configsvc {command.name}')}")
        for name, inner in sorted(getattr(loaded, "commands", {}).items()):
            path = f"configsvc {command.name} {name}"
            sections.append(f"### {command.name} {name}\n\n{_help(inner, path)}")
    yield ROOT / "docs" / "reference" / "commands.md", NOTE + "\n".join(sections)


def _help(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
    return f"```\n{command.get_help(context).rstrip()}\n```\n"


def _kinds() -> Iterator[tuple[Path, str]]:
    folder = ROOT / "docs" / "reference" / "kinds"
    rows = []
    for kind in Kind:
        schema = json_schema(kind)
        rows.append(f"| [{kind}]({kind}.md) | {schema['description']} |")
        yield folder / f"{kind}.md", NOTE + _kind(kind, schema)
    table = "\n".join(("| kind | says |", "|---|---|", *rows))
    yield folder / "README.md", f"{NOTE}# Kinds\n\n{table}\n"


def _kind(kind: Kind, schema: Mapping[str, Any]) -> str:
    fields = "\n".join(_fields("", schema["properties"]["spec"], schema, ()))
    example = json.dumps(schema["examples"][0], indent=2, ensure_ascii=False)
    stability = schema.get("x-stability", "stable")
    return (
        f"# {kind}\n\n{schema['description']}\n\nStability: {stability}.\n\n"
        f"```json\n{example}\n```\n\n"
        f"| field | says | default |\n|---|---|---|\n{fields}\n"
    )


def _fields(
    path: str, schema: Mapping[str, Any], whole: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[str]:
    """A row for each field below ``path``; a definition inside itself is not entered again."""
    schema, names = _resolved(schema, whole)
    if set(names) & set(above):
        return
    if items := schema.get("items"):
        yield from _fields(f"{path}[]", items, whole, (*above, *names))
    for name, part in schema.get("properties", {}).items():
        field = f"{path}.{name}".lstrip(".")
        merged, _ = _resolved(part, whole)
        default = json.dumps(merged["default"]) if "default" in merged else ""
        says = " ".join(str(merged.get("description", "")).split()).replace("|", "\\|")
        yield f"| `{field}` | {says} | {f'`{default}`' if default else ''} |"
        yield from _fields(field, part, whole, (*above, *names))


def _resolved(
    schema: Mapping[str, Any], whole: Mapping[str, Any]
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The schema with what it refers to; its own keywords win."""
    names: list[str] = []
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        names.append(name)
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**whole["$defs"][name], **rest}
    return schema, tuple(names)


def stale(found: Pages) -> list[Path]:
    """Files that are not as the code says, those that no code speaks of any more included."""
    folders = (ROOT / "docs" / "reference", ROOT / "examples" / "conflicts")
    present = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    differing = [p for p, text in found.items() if p not in present or p.read_text() != text]
    return sorted([*differing, *(present - found.keys())])


def main(arguments: list[str]) -> int:
    """Write the pages, or say which of them are stale."""
    found = pages()
    wrong = stale(found)
    if arguments == ["--check"]:
        for path in wrong:
            print(f"{path.relative_to(ROOT)} is stale: run 'make docs'")
        return 1 if wrong else 0
    for path in wrong:
        if path not in found:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found[path])
    print(f"{len(found)} pages, {len(wrong)} of them changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
