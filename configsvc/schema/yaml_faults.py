"""What libyaml says, in words that help."""

from yaml.error import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from configsvc.schema import limits
from configsvc.schema.syntax import Fault, Position, fault, position_of

_HELP = {
    "mapping values are not allowed in this context": (
        "a colon with a space after it needs the value in quotes, or the line is indented too far"
    ),
    "did not find expected key": "check the indentation of this line and the one before it",
    "could not find expected ':'": "a key needs a colon and a space after it",
    "found incompatible YAML document": "documents are read as YAML 1.2: leave the %YAML line out",
}


def not_yaml(exc: YAMLError | UnicodeEncodeError, text: str) -> Fault:
    """The error with which reading ``text`` ended."""
    if isinstance(exc, UnicodeEncodeError):
        message = limits.LONE_SURROGATE
        return fault(message, position_of(text, exc.start))
    if isinstance(exc, ReaderError):
        return _unacceptable(exc, text)
    if isinstance(exc, MarkedYAMLError):
        return _marked(exc, text)
    return fault(f"not YAML: {exc}", (1, 1))


def _unacceptable(exc: ReaderError, text: str) -> Fault:
    before = text.encode()[: exc.position].decode(errors="ignore")
    code = ord(exc.character) if isinstance(exc.character, str) else exc.character
    message = f"character U+{code:04X} is not allowed in YAML: remove it"
    return fault(message, position_of(text, len(before)))


def _marked(exc: MarkedYAMLError, text: str) -> Fault:
    mark = exc.problem_mark or exc.context_mark
    at: Position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = exc.problem or "unreadable"
    if mark and text[mark.index : mark.index + 1] == "\t":
        return fault("not YAML: a tab cannot indent a line: use spaces", at)
    parts = [part for part in (exc.context, problem, _HELP.get(problem)) if part]
    return fault(f"not YAML: {': '.join(parts)}", at)
