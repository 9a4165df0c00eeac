"""The report: one self-contained HTML file, a pure function of a run folder.

Sections come from a registry. Those of the library are in ``builtin``; packages above it add
theirs through the entry-point group ``expressivity.report_sections``, so that nothing here
knows of them.
"""

from expressivity.report.page import render, write_page, write_report
from expressivity.report.section import SECTIONS, Section, SectionMaker, html, sections
from expressivity.report.svg import figure_html

__all__ = [
    "SECTIONS",
    "Section",
    "SectionMaker",
    "figure_html",
    "html",
    "render",
    "sections",
    "write_page",
    "write_report",
]
