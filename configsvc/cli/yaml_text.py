"""Documents as YAML 1.2 text that reads back as the same values."""

import re
from collections.abc import Iterable
from typing import Any, Final

import yaml

_LOOKS_TYPED: Final = re.compile(
    r"""
    [-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?   # a number
    | 0o[0-7]+ | 0x[0-9a-fA-F]+               # a number in another base
    | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN)
    | null | Null | NULL | ~ | true | True | TRUE | false | False | FALSE
    """,
    re.VERBOSE | re.ASCII,
)
"""Text that YAML 1.2 would read as something else; the library knows the rules of 1.1 alone."""


def dump(documents: Iterable[Any]) -> str:
    """The documents, separated by ``---``; fields keep their order."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes text in quotes wherever it could be taken for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 any JSON
        """Write shared values twice: an alias is no part of a document."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _LOOKS_TYPED.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
