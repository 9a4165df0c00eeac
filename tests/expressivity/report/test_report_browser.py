"""The report in headless Chromium (Debian package ``chromium``).

Kinds: property (nothing fetched, no error, sorted as numbers, nothing sticks out on a phone,
everything printed), negative (the listener hears an error and a request where there is one;
hostile text does not run). Set EXPRESSIVITY_SCREENSHOTS to a folder to keep the pictures.
"""

import base64
import io
import os
import shutil
import tempfile
from pathlib import Path

import browser
import matplotlib.image
import pytest
import sample_run as sample
from markupsafe import Markup

from expressivity.report import Section, figure_html, sections, write_page
from expressivity.report.mathematics import mathematics
from expressivity.runs.folder import Run, read_run

pytestmark = pytest.mark.skipif(
    browser.CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
)
FOLDED = "the reason that is folded away"
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="900pt" height="200pt" viewBox="0 0 900 200">'
    '<rect style="fill: #123456" width="900" height="200"/></svg>'
)


@pytest.fixture(scope="module")
def tab():
    folder = Path(tempfile.mkdtemp())
    with browser.browser(folder) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)  # its last child processes may still write


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A report with a wide drawing and a long unbroken text."""
    folder = tmp_path_factory.mktemp("report")
    run = read_run(sample.ordinary(folder / "run"))
    body = figure_html(DRAWING, "Errors", "A wide drawing") + Markup("<p>{}</p>").format("x" * 300)
    body += Markup("<p>{}</p>").format(mathematics("at x1^2 > 0"))
    extra = ("extra", Section(title="Extra", order=30, body=body))
    return write_page(run, [*library(run), extra])


def library(run: Run) -> list[tuple[str, Section]]:
    """The library's own sections; those of other packages take longer."""
    return [part for part in sections(run) if part[0] not in ("proofs", "figures", "agreement")]


@pytest.fixture
def opened(tab, file):
    tab.emulate()
    tab.visit(file)
    return tab


def column(tab, number: int) -> list[str]:
    return tab.evaluate(
        "[...document.querySelectorAll('table.sortable tbody tr')]"
        f".map((row) => row.cells[{number - 1}])"
        ".map((cell) => cell.dataset.sort ?? cell.textContent.trim())"
    )


def printed(tab) -> str:
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads what was printed")
    answer = tab.call("Page.printToPDF")
    reader = pypdf.PdfReader(io.BytesIO(base64.b64decode(answer["data"])))
    return " ".join(" ".join(leaf.extract_text().split()) for leaf in reader.pages)


def screenshot(tab, name: str, tmp_path: Path):
    """The whole page as an array of pixels, also kept as a file."""
    size = tab.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
    answer = tab.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    folder = Path(os.environ.get("EXPRESSIVITY_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"report-{name}.png"
    kept.write_bytes(base64.b64decode(answer["data"]))
    return matplotlib.image.imread(kept)[:, :, :3]


# --- nothing in, nothing out -----------------------------------------------------------------


def test_the_page_asks_for_nothing_and_reports_no_error(opened, file):
    assert opened.requests == [file.as_uri()]
    assert opened.errors == []


def test_the_listener_hears_what_it_is_there_for(tab, tmp_path, file):
    text = file.read_text("utf-8")
    beside = tmp_path / "beside.html"
    beside.write_text("<img src='missing.png'><script>console.error('heard')</script>")
    tab.visit(beside)
    assert any(url.endswith("missing.png") for url in tab.requests)
    assert len(tab.errors) >= 2
    blocked = tmp_path / "blocked.html"
    foreign = "<p style='color: red'>x</p><img src='missing.png'><script>window.hacked=1</script>"
    blocked.write_text(text.replace("<footer>", f"{foreign}<footer>"), "utf-8")
    tab.visit(blocked)
    assert len(tab.errors) >= 3
    assert tab.evaluate("window.hacked") is None
    failed = [p for method, p in tab.events if method == "Network.loadingFailed"]
    assert [p["blockedReason"] for p in failed] == ["csp"]


def test_hostile_text_does_not_run(tab, tmp_path):
    unit = sample.unit(sample.Kind.LA)
    came = sample.result(unit, target=sample.HOSTILE)
    gap = sample.gap(target=sample.HOSTILE, reason=sample.HOSTILE)
    arguments = ["separate", "--expr", sample.HOSTILE]
    path = sample.write_run(
        tmp_path / "run", [(unit, came)], [gap], arguments=arguments, host=sample.HOSTILE
    )
    run = read_run(path)
    tab.visit(write_page(run, library(run)))
    assert tab.errors == []
    assert tab.evaluate("window.hacked") is None
    assert tab.evaluate("document.images.length") == 0
    shown = tab.evaluate("document.body.innerText")
    assert shown.count("</script><img src=x") >= 4


def test_indices_are_lowered_powers_raised_and_both_smaller(opened):
    base, index, power = opened.evaluate(
        "[...document.querySelector('math[alttext=\"x1^2 > 0\"] msubsup').children]"
        ".map((e) => [e.getBoundingClientRect(), parseFloat(getComputedStyle(e).fontSize)])"
        ".map(([box, size]) => [(box.top + box.bottom) / 2, box.left, size])"
    )
    assert power[0] < base[0] < index[0]
    assert base[1] < min(index[1], power[1])
    assert max(index[2], power[2]) < base[2]


# --- sorting ---------------------------------------------------------------------------------


def test_a_click_sorts_by_number_and_another_turns_it_round(opened):
    header = "table.sortable th:nth-child(5)"
    assert opened.evaluate(f"document.querySelector('{header}').textContent") == "l2 error"
    before = column(opened, 5)
    present = [float(value) for value in before if value]
    assert present != sorted(present)
    assert sorted(map(str, present)) != list(map(str, sorted(present))), "text would sort the same"
    for state, turned in (("ascending", False), ("descending", True)):
        opened.click(f"{header} button")
        sort = opened.evaluate(f"document.querySelector('{header}').getAttribute('aria-sort')")
        assert sort == state
        *numbers, last = column(opened, 5)
        assert [float(number) for number in numbers] == sorted(present, reverse=turned)
        assert last == "", "a missing value stays last"
    opened.click("table.sortable th:nth-child(3) button")
    assert column(opened, 3) == sorted(column(opened, 3), key=int)
    assert opened.evaluate("document.querySelectorAll('[aria-sort]').length") == 1


def test_the_keyboard_alone_skips_reaches_and_sorts(opened):
    opened.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    assert opened.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    opened.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "content"
    reached = []
    for _ in range(20):
        opened.press("Tab")
        reached.append(opened.evaluate("document.activeElement.textContent"))
        if reached[-1] == "l2 error":
            break
    assert "width" in reached
    opened.press("Enter")
    *numbers, _ = column(opened, 5)
    assert numbers == sorted(numbers, key=float)
    assert opened.evaluate("document.activeElement.textContent") == "l2 error"


# --- phone, paper, without script ------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_the_page_never_scrolls_sideways(tab, file, width):
    tab.emulate(width=width)
    tab.visit(file)
    tab.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    sizes = tab.evaluate(
        "(({clientWidth, scrollWidth}) => [clientWidth, scrollWidth])"
        "(document.querySelector('.scroll:has(.sortable)'))"
    )
    assert sizes[0] <= width
    assert width > 400 or sizes[1] > sizes[0], "on a phone the table scrolls in its own box"


def test_what_is_folded_away_is_printed(opened):
    assert opened.evaluate("document.querySelectorAll('details[open]').length") == 0
    assert FOLDED not in opened.evaluate("document.body.innerText")
    text = printed(opened)
    assert FOLDED in text
    assert "Verdict" in text
    assert opened.evaluate("document.querySelectorAll('details[open]').length") == 0


def test_without_script_everything_is_there_and_printed(tab, file):
    tab.emulate()
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.visit(file)
        assert tab.evaluate("document.querySelectorAll('button').length") == 0
        assert tab.evaluate("document.querySelectorAll('.sortable tbody tr').length") == 5
        text = tab.evaluate("document.body.innerText")
        assert "3.00e-15" in text
        assert FOLDED in printed(tab)
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)


def test_screenshots_are_kept_and_follow_the_scheme(tab, file, tmp_path):
    brightness = {}
    for name, width, scheme in (
        ("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 360, "light"),
    ):  # fmt: skip
        tab.emulate(width=width, scheme=scheme)
        tab.visit(file)
        picture = screenshot(tab, name, tmp_path)
        assert picture.shape[1] == width
        assert picture.std() > 0.02, "an empty page"
        brightness[name] = picture.mean()
    assert brightness["light"] > 0.8
    assert brightness["phone"] > 0.8
    assert brightness["dark"] < 0.4
