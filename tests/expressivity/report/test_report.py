"""The report of a run folder, without a browser.

Kinds: negative (damage, failures and contradictions are said, never hidden), property (the
sections come in order), reference (every fact of the manifest).
"""

import dataclasses
import itertools
import re

import pytest
import sample_run as sample
from markupsafe import Markup
from report_page import Page

from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence
from expressivity.fitting.norms import TargetNorm
from expressivity.report import Section, render
from expressivity.report import sections as made_sections
from expressivity.report.builtin import provenance, verdict
from expressivity.runs.folder import Run, read_run

pytestmark = pytest.mark.usefixtures("library_sections_alone")


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


def test_sections_left_out_are_not_made(run, library_sections_alone):
    def slow(_: Run) -> None:
        raise AssertionError("it was made")

    library_sections_alone.add("slow", slow)
    names = [name for name, _ in made_sections(run, without=("slow", "rerun", "no such section"))]
    assert names == ["verdict", "ladder", "labels", "provenance"]


def test_the_ladder_shows_errors_bounds_and_verdicts_with_their_evidence(run):
    page = Page(render(run))
    text = page.text()
    for shown in ("6.00e-01", "3.00e-15", "4.82e-01", "failed", "not a member"):
        assert shown in text
    assert any(attrs.get("alttext") == "lambda = 2" for _, attrs in page.tags)
    rows = [attrs for tag, attrs in page.tags if tag == "th" and attrs.get("scope") == "row"]
    assert len(rows) == 5
    badges = {attrs["class"] for tag, attrs in page.tags if "badge" in (attrs.get("class") or "")}
    assert badges == {f"badge {evidence}" for evidence in Evidence}
    for evidence in Evidence:
        assert str(evidence) in page.text("span")


def test_what_is_not_known_of_errors_is_shown_beside_and_above_them(tmp_path):
    la, wider, moa = sample.unit(Kind.LA), sample.unit(Kind.LA, 2), sample.unit(Kind.MOA)
    hidden = TargetNorm(l2=0.5, relative_error=0.3, doubt="rules disagree")
    estimated = {"l2_estimate": 3e-9, "seed_estimates": (3e-9,)}
    steep = {"l2_estimate": 2e-5, "seed_estimates": (2e-5,)}
    results = [(la, sample.result(la, **estimated)), (wider, sample.result(wider, **steep)),
               (moa, sample.result(moa, norm=hidden, **estimated))]  # fmt: skip
    page = Page(render(read_run(sample.write_run(tmp_path / "run", results))))
    cells = page.text("td")
    assert "1.00e-01 ?2e-05" in cells
    assert cells.count("9.00e-01 ?") == 1 and cells.count("2.00e-01 ?") == 1  # of moa alone
    text = page.text()
    assert text.count("off by an estimated 3e-09") == 2
    assert "the norm of t2, 0.5 by quadrature, is not known: rules disagree" in text
    assert "?1e-05: an l2 error that may be off by so much" in text


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
