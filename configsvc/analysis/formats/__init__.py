"""Reports for people, programs and build servers: each takes a report and returns text or data."""

from configsvc.analysis.formats.changes import Changes, TextChange, unchanged
from configsvc.analysis.formats.data import finding_data, report_data
from configsvc.analysis.formats.github import github_annotations
from configsvc.analysis.formats.junit import junit_report
from configsvc.analysis.formats.sarif import sarif_report
from configsvc.analysis.formats.spots import Locator, Spot, nowhere, subject_text
from configsvc.analysis.formats.text import text_report

__all__ = [
    "Changes",
    "Locator",
    "Spot",
    "TextChange",
    "finding_data",
    "github_annotations",
    "junit_report",
    "nowhere",
    "report_data",
    "sarif_report",
    "subject_text",
    "text_report",
    "unchanged",
]
