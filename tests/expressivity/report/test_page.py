"""The page of a report as a file.

Kinds: negative (hostile text stays text), property (bounds are never rounded up, the command line
survives quoting, the same folder gives the same page), reference (WCAG's contrast formula).
"""

import base64
import dataclasses
import hashlib
import re
import shlex
from pathlib import Path

import pytest
import sample_run as sample
from hypothesis import given, settings
from hypothesis import strategies as st
from report_page import Page, hostile_run

from expressivity import report
from expressivity.report import render, write_report
from expressivity.report.builtin import provenance, rerun
from expressivity.report.ladder import MAX_ROWS, rounded_down
from expressivity.runs.folder import Run, read_run

pytestmark = pytest.mark.usefixtures("library_sections_alone")
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=30)


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
