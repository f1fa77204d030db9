"""Single packets are lost and late between agents and servers; TCP has to make up for it."""

from pathlib import Path

import pytest

from tests.robustness.lossy_link import lossy_link
from tests.robustness.networks import may_make_networks
from tests.robustness.site import Site, agent, eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.external("ip"),
    pytest.mark.skipif(
        not may_make_networks(), reason="needs the right to make network namespaces"
    ),
]

CHANGES = 12


@pytest.mark.parametrize(
    ("loss", "delay"),
    [
        pytest.param(0.1, 0.02, id="a tenth lost, 40 ms there and back"),
        pytest.param(
            0.3, 0.1, id="a third lost, 200 ms there and back", marks=pytest.mark.robustness
        ),
    ],
)
def test_lost_and_late_packets_lose_no_change(tmp_path: Path, loss: float, delay: float) -> None:
    """Every change that stays in force arrives and is acknowledged; no agent goes back."""
    with lossy_link(loss, delay) as (link, here, within):
        site = Site(tmp_path, here)
        with site.serving(), agent(site, within=within) as one:
            eventually(lambda: site.newest in one.versions, "the first bundle", 60.0)
            for number in range(CHANGES):
                newest = site.publish(2_000_000 + number)
                eventually(lambda at=newest: at in one.versions, "a change", 60.0)
            eventually(lambda: site.applied(site.newest), "the last acknowledgement", 60.0)
            assert one.versions == sorted(set(one.versions))
        site.store.close()
        assert link.lost > 0
        assert link.carried > link.lost
