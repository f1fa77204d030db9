"""What is wrong with a request before any use case sees it."""

from configsvc.errors import InputError, OperationError
from configsvc.model.names import Kind
from configsvc.schema import DocumentError


class MalformedRequestError(InputError):
    """A header or query value cannot be read."""


class MalformedBodyError(InputError):
    """The body is not what the route takes; `errors` say where."""

    def __init__(self, errors: tuple[DocumentError, ...]) -> None:
        self.errors = errors
        super().__init__("; ".join(_line(error) for error in errors[:3]))


class BodyTooLargeError(InputError):
    """The body is larger than the route takes; it was not read."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the body is larger than {limit} bytes, the most that is taken: split it")


class UnsupportedMediaTypeError(InputError):
    """The body has a content type that the route does not take."""

    def __init__(self, seen: str, allowed: tuple[str, ...]) -> None:
        said = f"content type {seen[:80]!r}" if seen else "a body without a content type"
        super().__init__(f"{said} is not taken here: send {' or '.join(allowed)}")


class TooManyStreamsError(OperationError):
    """This process follows as many namespaces for browsers as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"this process serves {most} event streams, the most it does: try later")


class UnknownKindError(InputError):
    """No kind of resource has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown kind {name[:40]!r}: use one of {', '.join(Kind)}")


def _line(error: DocumentError) -> str:
    place = error.pointer or (f"line {error.line}, column {error.column}" if error.line else "")
    return f"{place}: {error.message}" if place else error.message
