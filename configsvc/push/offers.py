"""What a service's agents should hold, what one of them holds, and whether it needs anything."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, Self

_MAX_NUMBER = 1 << 63


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle in force.

    Args:
        epoch: the store's lineage; changes when it is restored.
        version: namespace revision at which the digest last changed.
        digest: lower-case hexadecimal SHA-256 of the bundle's bytes.
        revision: the change that put it in force.
        committed: when that was; microseconds since the Unix epoch.
        endpoints: version of the registered instances it was compiled with, 0 without any.
    """

    epoch: str
    version: int
    digest: str
    revision: int
    committed: int
    endpoints: int = 0
    held: "Held" = field(init=False, compare=False, repr=False)
    """What an agent holds after it was sent this; one object for all of them."""
    push: "Push" = field(init=False, compare=False, repr=False)
    """What an agent is sent that lacks it and held an earlier one; one object for all of them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "held", Held(self.epoch, self.version, self.digest))
        object.__setattr__(self, "push", Push(PushKind.BUNDLE, self))

    @property
    def resume_id(self) -> "ResumeId":
        """The id under which an agent resumes after it took this."""
        return ResumeId(self.epoch, self.version, self.endpoints)


@dataclass(frozen=True, slots=True)
class ResumeId:
    """The id of a bundle event, written ``EPOCH.VERSION.ENDPOINTS``."""

    epoch: str
    version: int
    endpoints: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.version}.{self.endpoints}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read an id that an agent sent back; None if it is not one of ours."""
        epoch, *numbers = text.rsplit(".", 2)
        if not epoch or len(numbers) != 2:  # noqa: PLR2004 version and endpoints
            return None
        if not all(number.isascii() and number.isdigit() for number in numbers):
            return None
        if any(len(number) > len(str(_MAX_NUMBER)) for number in numbers):
            return None
        return cls(epoch, int(numbers[0]), int(numbers[1]))


@dataclass(frozen=True, slots=True)
class Held:
    """What an agent says that it stored, or what it was last sent.

    `digest` is None where an agent resumes by its id alone: then the version stands for it.
    """

    epoch: str
    version: int
    digest: str | None

    @classmethod
    def resumed(cls, last_event_id: str | None, digest: str | None) -> Self | None:
        """What a connecting agent holds, from the two headers it sends; None if nothing.

        An id that cannot be read counts as one of another epoch, because nothing shows that its
        version may be compared with ours.
        """
        if not last_event_id:
            return None
        resume = ResumeId.parse(last_event_id)
        if resume is None:
            return cls("", 0, digest or None)
        return cls(resume.epoch, resume.version, digest or None)


class PushKind(Enum):
    """What a push carries."""

    BUNDLE = auto()
    GONE = auto()
    """The service has no bundle any more."""


class Push(NamedTuple):
    """Something to write to a stream now."""

    kind: PushKind
    offer: Offer | None = None
    reset: bool = False


class Need(Enum):
    """What an agent must be sent."""

    NOTHING = auto()
    BUNDLE = auto()
    RESET = auto()
    """The bundle, marked so that the agent takes it though its version may be lower."""


def need(held: Held | None, offer: Offer) -> Need:
    """Decide what an agent that holds ``held`` needs in order to hold ``offer``."""
    if held is None:
        return Need.BUNDLE
    if held.epoch != offer.epoch or held.version > offer.version:
        return Need.RESET
    if held.digest is None:
        return Need.NOTHING if held.version == offer.version else Need.BUNDLE
    return Need.NOTHING if held.digest == offer.digest else Need.BUNDLE
