"""Values as YAML text that readers of YAML 1.1 and 1.2 take alike."""

import re

from yaml import CSafeDumper, Node
from yaml import dump as yaml_dump

from configsvc.schema.values import Json

_BLOCK = "|"
_WIDTH = 100


class _Dumper(CSafeDumper):
    """Quotes what either version of YAML would not read as text; writes no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> Node:
    """Text of several lines is written as such."""
    style = _BLOCK if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
# Numbers of YAML 1.2 that are text in 1.1, which is what the library writes by.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+)$"
    ),
    list("-+.0123456789"),
)


def dump(value: Json) -> str:
    """``value`` as YAML, in the order that it has."""
    return str(yaml_dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH))
