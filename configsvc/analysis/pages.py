"""A rule's page: its docstring as Markdown, with examples that can be copied and run."""

import re
from collections.abc import Iterable
from inspect import cleandoc

from configsvc.analysis.rule import Rule
from configsvc.model.names import API_VERSION

_BLOCK = re.compile(r"^```yaml\n(?P<yaml>.*?)^```$", re.MULTILINE | re.DOTALL)
_KIND = re.compile(r"^kind: (\w+)$", re.MULTILINE)


def page(rule: type[Rule]) -> str:
    """The page of ``rule`` as Markdown."""
    summary, _, rest = cleandoc(rule.__doc__ or "").partition("\n")
    facts = f"`{rule.code}` · {rule.severity.label} · since {rule.since}"
    body = _BLOCK.sub(lambda block: f"```yaml\n{complete(block['yaml'])}```", rest.strip())
    return f"# {rule.name} ({rule.code})\n\n{summary}\n\n{facts}{_notes(rule)}\n\n{body}\n"


def index(rules: Iterable[type[Rule]]) -> str:
    """A table of ``rules`` as Markdown, by code."""
    rows = (
        f"| {rule.code} | {rule.name} | {rule.severity.label} | {summary(rule)} |"
        for rule in sorted(rules, key=lambda rule: rule.code)
    )
    return "\n".join(("| code | name | severity | finds |", "|---|---|---|---|", *rows, ""))


def summary(rule: type[Rule]) -> str:
    """The first line of the page of ``rule``."""
    return cleandoc(rule.__doc__ or "").partition("\n")[0]


def examples(rule: type[Rule]) -> tuple[str, str]:
    """The documents of the example, which raise exactly this rule, and of its repair."""
    conflict, repaired = (complete(block) for block in _BLOCK.findall(cleandoc(rule.__doc__ or "")))
    return conflict, repaired


def complete(text: str) -> str:
    """Add to each YAML document of ``text`` what an example may leave out.

    That is ``apiVersion``, and for a document without ``metadata`` a name after its kind.
    """
    documents = text.removeprefix("---\n").split("\n---\n")
    return "\n---\n".join(
        _complete(document, number) for number, document in enumerate(documents, 1)
    )


def _complete(document: str, number: int) -> str:
    found = _KIND.search(document)
    if found is None:
        return document
    if "\nmetadata:" not in document:
        name = f"{_dashed(found[1])}-{number}"
        document = document.replace(found[0], f"{found[0]}\nmetadata: {{name: {name}}}", 1)
    if "apiVersion:" not in document:
        document = f"apiVersion: {API_VERSION}\n{document}"
    return document


def _dashed(kind: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower()


def _notes(rule: type[Rule]) -> str:
    explains = f" · explains {', '.join(sorted(rule.explains))}" if rule.explains else ""
    return f"{explains}\n\n{_FOREIGN}" if rule.imported_only else explains


_FOREIGN = (
    "Only imported configurations can break it: the agents of configsvc leave no room for it. "
    "`Runtime` below is what an importer says of the platform; it is no resource."
)
