"""Figures in a report.

Kinds: property (references are kept, names are not shared), negative (drawings that could run or
fetch something).
"""

import io
import re

import matplotlib.figure
import pytest
from report_page import Page

from expressivity.report import figure_html

pytestmark = pytest.mark.usefixtures("library_sections_alone")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


def drawing() -> str:
    """A matplotlib figure with names that are used: markers, clips, hatches, glyphs, an image."""
    figure = matplotlib.figure.Figure()
    axes = figure.subplots()
    axes.plot([1, 2], [3, 4], "--o", label="a < b & c")
    axes.imshow([[0.0, 1.0]])
    axes.fill_between([1, 2], [1, 1], [2, 3], hatch="//")
    axes.legend()
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def test_a_figure_keeps_its_references_and_shares_no_name_with_another():
    svg = drawing()
    assert "<?xml" in svg
    one, two = (Page(figure_html(svg, caption, "A line")) for caption in ("one", "two"))
    names = [{a["id"] for _, a in page.tags if "id" in a} for page in (one, two)]
    assert names[0]
    assert not names[0] & names[1]
    links = {attrs["href"][1:] for _, attrs in one.tags if "#" in (attrs.get("href") or "")}
    values = " ".join(value or "" for _, attrs in one.tags for value in attrs.values())
    clips = set(re.findall(r"url\(#(.+?)\)", values))
    assert len(links) > 5
    assert len(clips) >= 2
    assert links | clips <= names[0]
    written = figure_html(svg, "one", "A line")
    assert "http" not in written
    assert " style=" not in written
    assert "<!" not in written


def test_the_caption_and_the_accessible_name_are_escaped():
    page = Page(figure_html(SVG.format("<text>1 &lt; 2</text>"), "see <br>", 'say "x" <b>'))
    assert page.tags[1] == ("svg", {"role": "img", "aria-label": 'say "x" <b>'})
    assert page.text("text") == "1 < 2"
    assert page.text("figcaption") == "see <br>"


@pytest.mark.parametrize(
    "content",
    [
        "<script>1</script>",
        "<foreignObject/>",
        '<path onload="1"/>',
        '<use xlink:href="https://example.org/a.svg#b"/>',
        '<use href="javascript:1"/>',
        '<image href="data:image/svg+xml;base64,AAAA"/>',
        '<path style="fill: url(https://example.org/a)"/>',
        '<path fill="url(//example.org/a)"/>',
        '<path style="font: 10px serif"/>',
        "<style>@import 'x'; * {a: b}</style>",
        "<g xmlns='http://www.w3.org/1999/xhtml'/>",
        "<g>",
    ],
)
def test_a_drawing_that_could_run_or_fetch_something_is_refused(content):
    with pytest.raises(ValueError, match="required: "):
        figure_html(SVG.format(content), "caption", "alt")


def test_what_is_no_svg_is_refused():
    with pytest.raises(ValueError, match="required: an svg element"):
        figure_html("<html/>", "caption", "alt")
