"""The state of one agent's stream: what it was sent, what it should hold, whether it is slow."""

from configsvc.push.offers import Held, Need, Offer, Push, PushKind, need


class Subscription:
    """Decides what is written to one agent's stream; whoever has the socket writes it.

    After `want` and `unblock` ask for the `next` push, write it, and say so with `sent`. At most
    one push is pending at any time: while the stream is blocked only the newest wish is kept, and
    what the agent needs is decided anew when it can be written to again. A change that was taken
    back meanwhile is therefore never sent at all.

    Args:
        held: what the agent says that it stored, None if nothing.
    """

    __slots__ = ("_blocked", "_due", "_gone_told", "_held", "_merged", "_wanted")

    def __init__(self, held: Held | None) -> None:
        self._held = held
        self._wanted: Offer | None = None
        self._due: Push | None = None
        self._gone_told = False
        self._blocked = False
        self._merged = 0

    @property
    def held(self) -> Held | None:
        """What the agent was last sent, or what it said that it stored."""
        return self._held

    @property
    def wanted(self) -> Offer | None:
        """What the agent should hold; None while its service has no bundle."""
        return self._wanted

    @property
    def blocked(self) -> bool:
        """True while the agent does not read what was written before."""
        return self._blocked

    @property
    def merged(self) -> int:
        """How many pushes were never written because a newer one took their place."""
        return self._merged

    def want(self, offer: Offer | None) -> Push | None:
        """Take note of what the agent should hold from now on; None: its service is gone.

        Returns:
            What it must be sent for that, whether it reads or not; None if nothing.
        """
        if self._blocked and self._due is not None:
            self._merged += 1
        self._wanted = offer
        self._due = self._pending()
        return self._due

    def advance(self, offer: Offer) -> bool:
        """`want` and `sent` in one, where a newer bundle simply follows on the one held.

        So it is for nearly every agent of a fleet, and a push is as fast as this is short.

        Returns:
            True if the offer's bundle is to be written now; False: nothing was noted, use `want`.
        """
        held = self._held
        if self._blocked or self._due is not None or self._gone_told or held is None:
            return False
        if held.version >= offer.version or held.epoch != offer.epoch or held.digest is None:
            return False
        if held.digest == offer.digest:
            return False
        self._wanted, self._held = offer, offer.held
        return True

    @property
    def needs(self) -> bool:
        """True if the agent should be sent something, whether it reads or not."""
        return self._due is not None

    def block(self) -> None:
        """Note that the agent does not keep up; nothing is to be written until `unblock`."""
        self._blocked = True

    def unblock(self) -> None:
        """Note that the agent reads again."""
        self._blocked = False

    def next(self) -> Push | None:
        """What to write now; None if the agent needs nothing or does not read."""
        return None if self._blocked else self._due

    def sent(self, push: Push) -> None:
        """Note that what `next` returned is being written."""
        self._gone_told = push.kind is PushKind.GONE
        if push.offer is not None:
            self._held = push.offer.held
        self._due = None if push is self._due else self._pending()

    def _pending(self) -> Push | None:
        """What the agent needs, whether it reads or not."""
        if self._wanted is None:
            return None if self._gone_told else Push(PushKind.GONE)
        needed = need(self._held, self._wanted)
        if needed is Need.NOTHING and not self._gone_told:
            return None
        if needed is Need.RESET:
            return Push(PushKind.BUNDLE, self._wanted, reset=True)
        return self._wanted.push
