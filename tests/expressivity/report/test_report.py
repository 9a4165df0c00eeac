"""The report of a run folder, without a browser.

Kinds: negative (hostile text stays text; damage, failures and contradictions are said, never
hidden), property (bounds are never rounded up, the command line survives quoting, the same
folder gives the same page), reference (WCAG's contrast formula).
"""

import base64
import dataclasses
import hashlib
import io
import itertools
import re
import shlex
import sys
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.figure
import pytest
import sample_run as sample
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from expressivity import report
from expressivity.classes.families import Kind
from expressivity.evidence import Evidence
from expressivity.registry import Registry
from expressivity.report import SECTIONS, Section, figure_html, render, write_report
from expressivity.report import sections as made_sections
from expressivity.report.builtin import provenance, rerun, verdict
from expressivity.report.ladder import MAX_ROWS, rounded_down
from expressivity.runs.folder import Run, read_run

DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=30)
LIBRARY = ("verdict", "ladder", "labels", "failures", "provenance", "rerun")
VOID = {"meta", "img"}


class Page(HTMLParser):
    """Tags with their attributes, and text by the tag that holds it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        """Called by the parser."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        """Called by the parser."""
        assert self._open.pop() == tag

    def handle_data(self, data):
        """Called by the parser."""
        self.texts.append((self._open[-1] if self._open else "", data))

    def text(self, *tags: str) -> str:
        """All text, or that of some tags."""
        return " ".join(data for tag, data in self.texts if not tags or tag in tags)

    def headings(self) -> list[str]:
        """Titles of the sections in order."""
        return [data for tag, data in self.texts if tag == "h2"]


@pytest.fixture(autouse=True)
def library_sections_alone(monkeypatch):
    """Other packages' sections have tests of their own."""
    registry: Registry = Registry("report section")
    for name in LIBRARY:
        registry.add(name, SECTIONS[name])
    monkeypatch.setattr(sys.modules["expressivity.report.section"], "SECTIONS", registry)
    return registry


@pytest.fixture
def run(tmp_path) -> Run:
    return read_run(sample.ordinary(tmp_path / "run"))


# --- what is shown ---------------------------------------------------------------------------


def test_sections_come_in_order_and_headings_skip_no_level(run):
    page = Page(render(run))
    assert page.headings() == [
        "Verdict", "Ladder", "What the labels mean", "Provenance", "Run it again",
    ]  # fmt: skip
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_a_registered_section_appears_at_its_place_and_one_without_content_does_not(
    run, library_sections_alone
):
    body = Markup("<p>{}</p>").format("1 < 2")
    library_sections_alone.add("mine", lambda _: Section(title="Mine", order=30, body=body))
    library_sections_alone.add("none", lambda _: None)
    page = Page(render(run))
    assert page.headings().index("Mine") == page.headings().index("What the labels mean") + 1
    assert "1 < 2" in page.text("p")
    assert ("section", {"id": "mine", "aria-labelledby": "mine-title"}) in page.tags
    assert "none" not in [name for name, _ in made_sections(run)]


def test_the_ladder_shows_errors_bounds_and_verdicts_with_their_evidence(run):
    page = Page(render(run))
    text = page.text()
    for shown in ("6.00e-01", "3.00e-15", "4.82e-01", "failed", "not a member", "lambda 2"):
        assert shown in text
    rows = [attrs for tag, attrs in page.tags if tag == "th" and attrs.get("scope") == "row"]
    assert len(rows) == 5
    badges = {attrs["class"] for tag, attrs in page.tags if "badge" in (attrs.get("class") or "")}
    assert badges == {f"badge {evidence}" for evidence in Evidence}
    for evidence in Evidence:
        assert str(evidence) in page.text("span")


def test_settings_that_differ_are_shown_and_others_are_not(tmp_path, run):
    assert "settings" not in Page(render(run)).text("th")
    la, moa = sample.unit(Kind.LA), sample.unit(Kind.LA, 2)
    moa = dataclasses.replace(moa, settings=dataclasses.replace(moa.settings, seed=7))
    path = sample.write_run(tmp_path / "b", [(u, sample.result(u)) for u in (la, moa)])
    page = Page(render(read_run(path)))
    assert "settings" in page.text("th")
    assert "seed 7" in page.text("td")
    assert "restarts 4" not in page.text("td")


def test_every_comparison_is_a_sentence_and_a_surprise_comes_first(tmp_path):
    gaps = [
        sample.gap(),
        sample.gap(target="t1", confirmed=False, strict=False, expected=True),
        sample.gap(target="expr", expected=None, strict=False, evidence=Evidence.NUMERICAL),
    ]
    path = sample.write_run(tmp_path / "run", [], gaps)
    section = verdict(read_run(path))
    page = Page(section.body)
    sentences = [data for tag, data in page.texts if tag == "p" and data.strip()[:2] == "On"]
    assert [sentence.split(",")[0].strip() for sentence in sentences] == [
        "On t1", "On t2", "On expr",
    ]  # fmt: skip
    assert "no gap was found between LA and MoA" in sentences[0]
    assert "LA lies inside MoA, strictly" in sentences[1]
    assert page.text("strong").split() == ["1", "of", "3", "Surprising"]
    assert "Expected: a gap." in page.text()
    assert "Theory predicts nothing here." in page.text()


def test_provenance_shows_every_fact_of_the_manifest(tmp_path):
    facts = {"cuda": [{"name": "a card"}], "compiler": True, "memory": 1.5, "nested": {"a": {}}}
    path = sample.write_run(tmp_path / "run", [], [], environment=facts)
    page = Page(provenance(read_run(path)).body)
    text = page.text("dd")
    assert "a card" in text
    assert "1.5" in text
    assert page.text("dd").split().count("none") == 1
    assert page.text("dt").split()[:4] == ["cuda", "compiler", "memory", "nested"]


# --- nothing is hidden -----------------------------------------------------------------------


def test_a_fit_below_a_bound_is_said_before_anything_else(tmp_path):
    unit = sample.unit(Kind.LA)
    broken = sample.result(unit, error={"l2": 0.1, "sup": 0.1, "w1inf": 0.4})
    path = sample.write_run(tmp_path / "run", [(unit, broken)], [sample.gap()])
    text = Page(render(read_run(path))).text()
    assert "fitted w1inf error 4.000000e-01 is below" in text
    assert text.index("Contradiction") < text.index("as expected")


def test_an_unfinished_run_has_no_verdict(tmp_path):
    units = [sample.unit(Kind.LA, width) for width in (1, 2)]
    path = sample.write_run(tmp_path / "run", [(u, sample.result(u)) for u in units])
    (path / "units" / f"{units[0].key}.parquet").unlink()
    text = Page(render(read_run(path))).text()
    assert "Not finished." in text
    assert "1 of 2 units" in text
    assert "as expected" not in text


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"gaps": 3}', b'{"gaps": [{"target": "t2"}]}', b"[" * 10**5, b"\xff"],
)
def test_a_damaged_document_is_named(tmp_path, content):
    path = sample.write_run(tmp_path / "run", [], [])
    (path / "separate.json").write_bytes(content)
    text = Page(render(read_run(path))).text()
    assert "separate.json; it is damaged" in text


def test_damaged_shards_failures_and_failed_lanes_are_listed(tmp_path):
    la, other, odd = (sample.unit(Kind.LA, width) for width in (1, 2, 4))
    rows = [(la, sample.result(la, failed_lanes=3)), (other, sample.result(other))]
    rows.append((odd, sample.result(odd)))
    path = sample.write_run(tmp_path / "run", rows, [sample.gap()])
    (path / "units" / f"{other.key}.parquet").write_bytes(b"PAR1")
    run = read_run(path)
    entries = tuple(
        dataclasses.replace(entry, record={"target": 1}) if entry.key == odd.key else entry
        for entry in run.entries
    )
    failure = {"identity": la.identity, "error": "RuntimeError: boom", "traceback": "line 1"}
    run = dataclasses.replace(run, entries=entries, failures=(failure,))
    page = Page(render(run))
    assert "Failures" in page.headings()
    for shown in (f"{other.key}.parquet", odd.key, "RuntimeError: boom", "line 1", "3 of 4"):
        assert shown in page.text()
    assert "1 of the stored units is damaged" in page.text()


def test_a_whole_run_has_no_failures_section(run):
    assert "Failures" not in Page(render(run)).headings()


# --- nothing gets in or out ------------------------------------------------------------------


def hostile_run(path: Path) -> Run:
    """The payload wherever a user's or a file's text can reach the page."""
    bad = sample.HOSTILE
    unit = sample.unit(Kind.LA)
    membership = dataclasses.replace(sample.result(unit).membership, reason=bad)
    came = sample.result(unit, target=bad, membership=membership, failed_lanes=1)
    run = read_run(
        sample.write_run(
            path,
            [(unit, came)],
            [sample.gap(target=bad, reason=bad)],
            host=bad,
            git={"commit": bad, "changed": True, bad: bad},
            environment={bad: bad, "packages": {bad: bad}, "list": [bad]},
            arguments=["separate", "--expr", bad],
            rules={bad: {bad: bad}},
        )
    )
    identity = {**run.entries[0].identity, "target": bad, "expression": bad, "domain": bad}
    identity["settings"] = {bad: bad}
    return dataclasses.replace(
        run,
        entries=(dataclasses.replace(run.entries[0], identity=identity),),
        damaged=(bad,),
        failures=({"identity": {bad: bad}, "error": bad, "traceback": bad},),
    )


def test_hostile_text_is_shown_and_is_nothing_but_text(tmp_path):
    run = hostile_run(tmp_path / "run")
    written = render(run)
    page = Page(written)
    assert "<img" not in written
    assert [tag for tag, _ in page.tags if tag in ("script", "style")] == ["style", "script"]
    names = {name for _, attrs in page.tags for name in attrs}
    assert not [name for name in names if name.startswith("on")]
    shown = page.text().count("</script><img")
    assert shown >= 20, "the payload is to be seen wherever it came from"
    assert "49" not in page.text("dd", "td", "code"), "a template inside a value was rendered"


def test_the_page_asks_for_nothing_and_runs_its_own_script_alone(run):
    written = render(run)
    page = Page(written)
    assert "http" not in written.replace('http-equiv="Content-Security-Policy"', "")
    for _, attrs in page.tags:
        assert "src" not in attrs
        assert "style" not in attrs
        assert (attrs.get("href") or "#").startswith("#")
    [policy] = [attrs["content"] for tag, attrs in page.tags if "http-equiv" in attrs]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        content = "".join(data for where, data in page.texts if where == tag)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_links_lead_to_what_is_there_and_ids_are_unique(run):
    page = Page(render(run))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.tags:
        for name in ("href", "aria-labelledby"):
            if name in attrs:
                assert attrs[name].removeprefix("#") in ids


# --- the same page, not too large ------------------------------------------------------------


def test_the_same_folder_gives_the_same_page_whatever_the_order(run):
    assert render(run) == render(dataclasses.replace(run, entries=run.entries[::-1]))


def test_a_large_run_stays_small_and_says_what_it_leaves_out(run):
    first = run.entries[0]
    many = tuple(dataclasses.replace(first, key=f"{number:016x}") for number in range(MAX_ROWS + 5))
    written = render(dataclasses.replace(run, entries=many))
    assert len(written.encode()) < 5_000_000
    assert f"the first {MAX_ROWS} are shown" in written
    assert written.count("<tr>") <= MAX_ROWS + 10


@DETERMINISTIC
@given(st.floats(min_value=1e-300, max_value=1e300))
def test_bounds_are_rounded_down(value):
    shown = float(rounded_down(value))
    assert value * 0.99 <= shown <= value


@DETERMINISTIC
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)))
def test_the_command_line_can_be_run_as_it_is_shown(arguments):
    empty = Run(path=Path("run"), manifest={"configuration": {}, "arguments": arguments},
                entries=(), damaged=(), failures=())  # fmt: skip
    shown = "".join(data for tag, data in Page(rerun(empty).body).texts if tag == "code")
    assert shown.startswith(shlex.join(["expressivity", *arguments]))


def test_a_manifest_that_says_little_still_gives_a_page():
    bare = Run(path=Path("run"), manifest={"configuration": {}}, entries=(), damaged=(),
               failures=())  # fmt: skip
    assert Page(render(bare)).headings() == ["What the labels mean", "Provenance", "Run it again"]
    odd = dataclasses.replace(
        bare, manifest={"configuration": {"units": 3}, "git": 5, "arguments": "x", "rules": [1]}
    )
    assert "none" in Page(provenance(odd).body).text()
    assert "does not say which command" in render(odd)


# --- the file --------------------------------------------------------------------------------


def test_half_a_surrogate_pair_in_an_argument_is_written_all_the_same(tmp_path):
    path = sample.write_run(tmp_path / "run", [], [], arguments=["separate", "\udcff"])
    assert "\\udcff" in write_report(path).read_text("utf-8")


def test_the_command_writes_the_file_and_says_where(call, tmp_path):
    path = sample.ordinary(tmp_path / "run")
    answer = call("report", path, "--json")
    assert answer.code == 0
    file = path / "report.html"
    assert answer.document == {
        "schema": "expressivity.report/1",
        "file": str(file),
        "bytes": file.stat().st_size,
        "sections": ["verdict", "ladder", "labels", "provenance", "rerun"],
    }
    assert file.read_text("utf-8") == render(read_run(path))
    assert [entry.name for entry in path.iterdir() if entry.name.startswith(".report")] == []
    assert call("report", path).out.strip() == str(file)


def test_a_folder_that_is_no_run_or_cannot_be_written_is_refused(call, tmp_path):
    answer = call("report", tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert "has no manifest.json" in answer.err
    path = sample.ordinary(tmp_path / "run")
    (path / "report.html" / "in the way").mkdir(parents=True)
    answer = call("report", path)
    assert answer.code == 2
    assert "required: a run folder that can be written" in answer.err


# --- figures ---------------------------------------------------------------------------------

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
    page = Page(figure_html(SVG.format("<text>1 &lt; 2</text>"), "a < b", 'say "x" <b>'))
    assert page.tags[1] == ("svg", {"role": "img", "aria-label": 'say "x" <b>'})
    assert page.text("text") == "1 < 2"
    assert page.text("figcaption") == "a < b"


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


# --- colours ---------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_has_enough_contrast_in_light_dark_and_print():
    sheet = Path(report.__file__).with_name("templates") / "page.css"
    schemes = re.findall(r":root \{(.*?)\}", sheet.read_text(), flags=re.DOTALL)
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w+)", scheme))
        for name in ("ink", "soft", "link", "proved", "certified", "numerical", "alarm"):
            for ground in ("paper", "tint"):
                lower, higher = sorted((luminance(colours[name]), luminance(colours[ground])))
                assert (higher + 0.05) / (lower + 0.05) >= 4.5, (name, ground)
