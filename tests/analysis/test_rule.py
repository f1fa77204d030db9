"""A rule that lacks something is refused when its class is defined."""

import pytest

from configsvc.analysis.rule import EdgeRule, MalformedRuleError
from configsvc.model.findings import Severity

PAGE = "\n".join(
    f"## {section}"
    for section in ("What it does", "Why is this bad?", "Example", "Use instead", "References")
)


def _define(page: str = PAGE, **changes: object) -> type[EdgeRule]:
    attributes = {
        "__doc__": page,
        "code": "RT99",
        "name": "dead-attempts",
        "severity": Severity.WARNING,
        "inputs": frozenset({"retry"}),
        "since": "0.1",
        "message": "{n} attempts",
        **changes,
    }
    return type("Candidate", (EdgeRule,), {k: v for k, v in attributes.items() if v is not None})


def test_complete_rule_is_accepted() -> None:
    """Metadata and page suffice."""
    assert _define().code == "RT99"


@pytest.mark.parametrize("code", ["RT1", "rt01", "XX01", "RT001"])
def test_malformed_code_is_refused(code: str) -> None:
    """A code is a known prefix and two digits."""
    with pytest.raises(MalformedRuleError, match=f"code '{code}' is not a known prefix"):
        _define(code=code)


@pytest.mark.parametrize("name", ["attempts", "Dead-Attempts", "no-dead-attempts", "use-jitter"])
def test_name_that_does_not_name_a_pattern_is_refused(name: str) -> None:
    """A name reads well after "allow": two words or more, and no instruction."""
    with pytest.raises(MalformedRuleError, match=f"name '{name}' does not name a pattern"):
        _define(name=name)


@pytest.mark.parametrize("missing", ["severity", "inputs", "since", "message"])
def test_missing_metadata_is_refused(missing: str) -> None:
    """All metadata have to be there."""
    with pytest.raises(MalformedRuleError, match=f"has no `{missing}`"):
        _define(**{missing: None})


@pytest.mark.parametrize(
    "page", ["", PAGE.replace("## Example\n", ""), "\n".join(reversed(PAGE.splitlines()))]
)
def test_page_without_its_sections_in_order_is_refused(page: str) -> None:
    """A page has all sections, in order."""
    with pytest.raises(MalformedRuleError, match="its docstring has the sections"):
        _define(page)
