"""How far an entry of a line reaches, told from the line alone: enough to underline it."""

from typing import Final

_OPEN: Final = "{["
_CLOSE: Final = "}]"
_QUOTES: Final = "\"'"


def entry_end(line: str, start: int) -> int:
    """Where the entry ends that begins at index ``start`` of a line of YAML or JSON.

    That is before the comma or bracket that separates it from the next one, before a comment, or
    at the end of the line, if the entry goes on in the next.
    """
    is_in_brackets = _depth(line[:start]) > 0 or line.rstrip().endswith(",")
    depth, quote, end = 0, "", start
    for index in range(start, len(line)):
        character = line[index]
        if quote:
            quote = "" if character == quote else quote
        elif _is_over(line, index, is_in_brackets=is_in_brackets, depth=depth):
            break
        elif character in _QUOTES and not line[index - 1 : index].isalnum():
            quote = character
        else:
            depth += _step(character)
        if not character.isspace():
            end = index + 1
    return end


def _is_over(line: str, index: int, *, is_in_brackets: bool, depth: int) -> bool:
    character = line[index]
    if character == "#":
        return line[index - 1 : index].isspace()
    if depth:
        return False
    return character in _CLOSE or (character == "," and is_in_brackets)


def _depth(text: str) -> int:
    return sum(map(_step, text))


def _step(character: str) -> int:
    return (character in _OPEN) - (character in _CLOSE)
