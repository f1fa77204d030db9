"""Large JSON answers are compressed for who takes that."""

import gzip
import json

from tests.usecases.world import service
from tests.web.calling import Api

TAKES_IT = {"Accept-Encoding": "gzip"}


def test_a_large_answer_is_compressed_for_who_takes_that(api: Api) -> None:
    """It is the same answer, in a fraction of its size."""
    api.publish(*(service(f"service-{number}", "score") for number in range(60)))
    plain, small = api.get("graph"), api.get("graph", headers=TAKES_IT)

    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(small.data)) == plain.get_json()
    assert len(small.data) * 5 < len(plain.data)
    assert small.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_a_small_one_is_not(api: Api) -> None:
    """Above all not the one with a session's secret, whose length would then say something."""
    assert "Content-Encoding" not in api.get("/v1/session", headers=TAKES_IT).headers
