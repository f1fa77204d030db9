"""The state of one agent's stream."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from configsvc.push import Held, Offer, Push, PushKind, Subscription


def offer(version: int, digest: str | None = None, epoch: str = "e") -> Offer:
    """The bundle of a version."""
    return Offer(epoch, version, digest or f"d{version}", version, version)


def bundle(of: Offer, *, reset: bool = False) -> Push:
    """The push of an offer."""
    return Push(PushKind.BUNDLE, of, reset=reset)


def wanting(subscription: Subscription, wish: Offer | None) -> Push | None:
    """What is written once an agent should hold something."""
    subscription.want(wish)
    return write(subscription)


def write(subscription: Subscription) -> Push | None:
    """Write what is next."""
    push = subscription.next()
    if push is not None:
        subscription.sent(push)
    return push


def test_new_agent_gets_the_bundle() -> None:
    """An agent that holds nothing is sent what is in force."""
    assert wanting(Subscription(None), offer(1)) == bundle(offer(1))


def test_nothing_is_sent_before_it_is_known_what_to_hold() -> None:
    """Not knowing is no deletion."""
    assert write(Subscription(offer(1).held)) is None


def test_same_digest_is_not_sent_again() -> None:
    """A change that leaves the digest as it was tells the agent nothing."""
    subscription = Subscription(None)
    wanting(subscription, offer(1))
    assert wanting(subscription, offer(1)) is None


def test_push_that_was_not_written_stays_next() -> None:
    """Bytes that are not at hand yet are no reason to forget the push."""
    subscription = Subscription(None)
    subscription.want(offer(1))
    assert subscription.next() == subscription.next() == bundle(offer(1))


def test_blocked_stream_keeps_only_the_newest() -> None:
    """Of three changes while an agent does not read, it is sent the last."""
    subscription = Subscription(offer(1).held)
    subscription.block()
    assert [wanting(subscription, offer(n)) for n in (2, 3, 4)] == [None, None, None]
    assert subscription.merged == 2
    subscription.unblock()
    assert write(subscription) == bundle(offer(4))
    assert write(subscription) is None


def test_change_taken_back_is_not_sent() -> None:
    """There and back again while blocked needs no push."""
    subscription = Subscription(offer(1).held)
    subscription.block()
    subscription.want(offer(2))
    subscription.want(offer(3, digest="d1"))
    subscription.unblock()
    assert write(subscription) is None


def test_gone_is_told_once() -> None:
    """A service that is gone stays gone."""
    subscription = Subscription(offer(1).held)
    assert wanting(subscription, None) == Push(PushKind.GONE)
    assert wanting(subscription, None) is None


def test_bundle_is_sent_again_after_gone() -> None:
    """An agent told that its service is gone learns that it is back, digest unchanged or not."""
    subscription = Subscription(offer(1).held)
    wanting(subscription, None)
    assert wanting(subscription, offer(1)) == bundle(offer(1))


def test_new_epoch_resets() -> None:
    """After a restore the same digest is sent again, marked."""
    subscription = Subscription(offer(5).held)
    restored = offer(3, digest="d5", epoch="f")
    assert wanting(subscription, restored) == bundle(restored, reset=True)
    assert wanting(subscription, restored) is None


def test_next_bundle_is_noted_as_written() -> None:
    """Where a bundle follows on the one held, one call does for two."""
    subscription = Subscription(offer(1).held)
    assert subscription.advance(offer(2))
    assert (subscription.wanted, subscription.held) == (offer(2), offer(2).held)
    assert write(subscription) is None


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(None, id="nothing"),
        pytest.param(offer(2).held, id="the same"),
        pytest.param(offer(1, digest="d2").held, id="the same under another version"),
        pytest.param(offer(3).held, id="a later one"),
        pytest.param(offer(1, epoch="f").held, id="one of another lineage"),
        pytest.param(Held("e", 1, None), id="one without a digest"),
    ],
)
def test_what_does_not_simply_follow_is_left_to_want(held: Held | None) -> None:
    """Everything else has to be looked at, and nothing was noted meanwhile."""
    subscription = Subscription(held)
    assert not subscription.advance(offer(2))
    assert (subscription.wanted, subscription.held) == (None, held)


class Streams(RuleBasedStateMachine):
    """An agent that applies whatever it is sent, compared with what it should hold."""

    def __init__(self) -> None:
        """An agent that holds nothing."""
        super().__init__()
        self.subscription = Subscription(None)
        self.version = 0
        self.epoch = "e"
        self.applied: Offer | None = None
        self.wanted: Offer | None = None
        self.gone = False

    def written(self, push: Push | None) -> None:
        """The agent takes a push."""
        if push is None:
            return
        assert not self.subscription.blocked
        self.gone = push.kind is PushKind.GONE
        if push.offer is None:
            return
        if self.applied is not None and not push.reset:
            assert self.applied.epoch == push.offer.epoch
            assert self.applied.version <= push.offer.version
        self.applied = push.offer

    @rule(digest=st.sampled_from("ab"), epoch=st.sampled_from("ef"), fleet=st.booleans())
    def change(self, digest: str, epoch: str, *, fleet: bool) -> None:
        """A change puts another or the same digest in force; the version moves with the digest."""
        if self.wanted is None or self.wanted.digest != digest or self.wanted.epoch != epoch:
            self.version = self.version + 1 if epoch == self.epoch else 1
            self.epoch = epoch
            self.wanted = offer(self.version, digest, epoch)
        if fleet and self.subscription.advance(self.wanted):
            self.written(self.wanted.push)
        else:
            self.written(wanting(self.subscription, self.wanted))

    @precondition(lambda self: self.version)
    @rule()
    def vanish(self) -> None:
        """The service is deleted."""
        self.wanted = None
        self.written(wanting(self.subscription, None))

    @rule()
    def stall(self) -> None:
        """The agent stops reading."""
        self.subscription.block()

    @precondition(lambda self: self.subscription.blocked)
    @rule()
    def read(self) -> None:
        """The agent reads again."""
        self.subscription.unblock()
        self.written(write(self.subscription))

    @invariant()
    def converged(self) -> None:
        """An agent that reads holds the wanted digest, or knows that its service is gone."""
        if self.subscription.blocked or not self.version:
            return
        if self.wanted is None:
            assert self.gone
        else:
            assert self.applied is not None
            assert self.applied.digest == self.wanted.digest


TestStreams = Streams.TestCase
TestStreams.settings = settings(max_examples=60, stateful_step_count=20)
