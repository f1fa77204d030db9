"""Where people were really bitten: each public thread is a case, with a twin that is clean."""

import re

import pytest

from configsvc.analysis.rules import ALL
from tests.analysis.cases import Case, cases_of

RULES = {rule.code: rule for rule in ALL}

INCIDENTS = {
    "istio 21137": ("RT02",),
    "istio 55748": ("RT11",),
    "istio 13851": ("RT17",),
    "istio 27340": ("RT17",),
    "istio 50506": ("RT17",),
    "istio 13682": ("OD01",),
    "istio 20135": ("OD01",),
    "istio 8846": ("OD06",),
    "envoy 7358": ("DL01",),
    "envoy 17016": ("DL03",),
    "envoy 32442": ("OD04",),
    "envoy 28303": ("OD04",),
    "envoy 31597": ("AM02", "AM03"),
    "gateway 4091": ("GW06", "DL05"),
    "gateway 4478": ("GW06",),
    "gateway 4844": ("GW06",),
    "resilience4j 515": ("RB01",),
    "resilience4j 1065": ("RB02",),
    "resilience4j 747": ("RB04",),
    "resilience4j 1443": ("RB04",),
    "resilience4j 1349": ("RB05",),
    "resilience4j 973": ("RB08",),
    "spring-cloud-circuitbreaker 71": ("RB08",),
    "resilience4j 2103": ("BH03",),
    "resilience4j 2296": ("BH06", "DL04"),
    "resilience4j 905": ("BH06", "DL04"),
    "spring-cloud-circuitbreaker 163": ("BH06", "DL04"),
    "spring-cloud-netflix 2987": ("RT05",),
    "spring-cloud-netflix 2606": ("RT05",),
    "spring-cloud-netflix 1324": ("RT05",),
    "zowe 46": ("RT05",),
    "spring-cloud-gateway 1567": ("RB20",),
    "spring-cloud-gateway 1592": ("GW01",),
    "spring-cloud-gateway 2011": ("GW01",),
    "aspire 4631": ("RT17",),
    "linkerd2 3743": ("RT11",),
    "linkerd2 5963": ("RT11",),
    "linkerd 2369": ("RT06",),
    "jina 4877": ("AM02",),
    "nanobot 2760": ("AM02",),
    "kuma 10724": ("AM02",),
}
"""Threads by project and number, with the rules that would have spoken."""


@pytest.mark.parametrize("thread", INCIDENTS)
def test_incident_is_a_case_with_a_repaired_twin(thread: str) -> None:
    """Each rule that would have spoken has the thread as a case that raises it, and a repair."""
    for code in INCIDENTS[thread]:
        cases = list(cases_of(RULES[code]))
        assert [case.name for case in cases if case.raises and _is_about(case, thread)]
        assert [case.name for case in cases if "repaired" in case.expected]


def _is_about(case: Case, thread: str) -> bool:
    project, number = thread.split()
    threads = re.findall(r"(?:([\w-]+) )?(\d+)[,;)]", case.name)
    current = ""
    for named, found in threads:
        current = named or current
        if (current, found) == (project, number):
            return True
    return False
