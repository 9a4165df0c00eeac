"""Figures.

Kinds: reference (images equal stored ones, with a tolerance that a changed run exceeds; baselines
are written by ``pytest tests/figures --draw-baselines`` and looked at), property (labels, sizes,
captions, no dates), metamorphic (two renderings are the same bytes), negative (missing, unfinished
and empty runs).
"""

import re
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from expressivity.runs.folder import RunFolder
from figures.figure import FIGURES, defect, drawn, rendered, write
from figures.runs import Runs
from figures.style import COLUMN, PAGE, applied

BASELINE = Path(__file__).parent / "baseline"
TOLERANCE = 3.0
"""Root mean square over pixels and channels of 0 to 255; fonts differ a little by machine."""
NAMES = tuple(FIGURES)
OF_RUNS = tuple(name for name in NAMES if FIGURES[name].needs)
WITHOUT_RUNS = ("schematic",)


def pixels(made) -> np.ndarray:
    """The drawing in few pixels, as numbers from 0 to 255."""
    with applied(), BytesIO() as buffer:
        made.savefig(buffer, format="png", dpi=60)
        buffer.seek(0)
        return 255.0 * imread(buffer, format="png")[..., :3]


def distance(image: np.ndarray, other: np.ndarray) -> float:
    assert image.shape == other.shape
    return float(np.sqrt(np.mean((image - other) ** 2)))


@pytest.fixture(scope="module")
def made(runs):
    """Every figure, drawn once."""
    return {name: drawn(FIGURES[name], runs) for name in NAMES}


@pytest.fixture(scope="module")
def images(made):
    return {name: pixels(figure) for name, figure in made.items()}


@pytest.mark.parametrize("name", NAMES)
def test_image_is_the_stored_one(name, images, pytestconfig):
    file = BASELINE / f"{name}.png"
    if pytestconfig.getoption("--draw-baselines", default=False):
        BASELINE.mkdir(exist_ok=True)
        mpl.image.imsave(file, images[name] / 255.0, metadata={"Software": None})
    stored = 255.0 * imread(file)[..., :3]
    assert distance(images[name], stored) <= TOLERANCE


@pytest.mark.parametrize("name", OF_RUNS)
def test_image_of_another_run_is_another_one(name, images, harder_runs):
    changed = pixels(drawn(FIGURES[name], harder_runs))
    if changed.shape == images[name].shape:  # a higher figure is another one too
        assert distance(images[name], changed) > 1.5 * TOLERANCE


@pytest.mark.parametrize("name", NAMES)
def test_every_axis_that_has_numbers_says_of_what(name, made):
    for axes in made[name].axes:
        if not axes.axison:
            continue
        for axis, side in ((axes.xaxis, "labelbottom"), (axes.yaxis, "labelleft")):
            ticks = [label for label in axis.get_ticklabels() if label.get_text()]
            right = axis.get_tick_params().get("labelright", False)
            if ticks and (axis.get_tick_params().get(side, True) or right):
                assert axis.get_label_text(), (name, axes.get_title())


@pytest.mark.parametrize("name", NAMES)
def test_axes_of_errors_name_the_norm(name, made):
    labels = [
        axis.get_label_text() for axes in made[name].axes for axis in (axes.xaxis, axes.yaxis)
    ]
    errors = [label for label in labels if "error" in label and label != "error"]
    assert all("L^2" in label or "ess sup" in label for label in errors)


def test_some_axes_name_each_norm(made):
    labels = " ".join(axes.get_ylabel() for figure in made.values() for axes in figure.axes)
    assert "L^2" in labels
    assert "ess sup" in labels


@pytest.mark.parametrize("name", NAMES)
def test_figure_fits_a_column_and_its_text_is_legible(name, made):
    figure = made[name]
    assert figure.get_figwidth() in (COLUMN, PAGE)
    assert figure.get_figheight() <= 9.5
    texts = [
        text for text in figure.findobj(mpl.text.Text) if text.get_text() and text.get_visible()
    ]
    assert min(text.get_fontsize() for text in texts) >= 5.5


@pytest.mark.parametrize("name", NAMES)
def test_figure_has_a_title_a_caption_and_words_for_those_who_do_not_see_it(name):
    figure = FIGURES[name]
    assert figure.name == name
    assert bool(figure.needs) is (name not in WITHOUT_RUNS)
    assert len(figure.title) < 100
    assert len(figure.caption) > len(figure.title)
    assert figure.alt.endswith(".")


@pytest.mark.parametrize(
    ("name", "form"), [("surfaces", "pdf"), ("width_sweep", "svg"), ("hierarchy", "png")]
)
def test_files_are_the_same_bytes_each_time(name, form, made, place):
    again = drawn(FIGURES[name], Runs.under(place))
    assert rendered(made[name], form) == rendered(again, form)


def test_files_have_no_dates_and_no_bitmap_fonts(made):
    pdf, svg = (rendered(made["sandwich"], form) for form in ("pdf", "svg"))
    assert b"CreationDate" not in pdf
    assert b"/Type3" not in pdf
    assert b"/FontFile2" in pdf or b"/Type42" in pdf or b"TrueType" in pdf
    assert not re.search(rb"<dc:date>", svg)


def test_drawing_leaves_the_settings_of_others_alone(runs):
    with mpl.rc_context({"font.size": 31.0, "axes.facecolor": "red"}):
        made = drawn(FIGURES["sandwich"], runs)
        assert mpl.rcParams["font.size"] == 31.0
    assert made.axes[0].xaxis.label.get_fontsize() == 7
    assert made.axes[0].get_facecolor() == (1.0, 1.0, 1.0, 1.0)


def test_writes_one_file_of_each_format_and_nothing_else(runs, tmp_path):
    files = write(FIGURES["diagram"], runs, tmp_path / "new")
    assert [file.name for file in files] == ["diagram.pdf", "diagram.png", "diagram.svg"]
    assert sorted(files) == sorted((tmp_path / "new").iterdir())


def test_missing_run_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(ValueError, match=r"a run of noise in .*noise; got none: .*reproduce --out"):
        drawn(FIGURES["noise"], Runs.under(tmp_path))


@pytest.mark.parametrize("name", OF_RUNS)
def test_empty_run_is_refused(name, tmp_path):
    for experiment in FIGURES[name].needs:
        configuration = {"experiment": experiment, "tier": "smoke", "units": []}
        RunFolder(tmp_path / experiment, configuration=configuration, facts={})
    with pytest.raises(ValueError, match=r"^required: [^\n]+$"):
        drawn(FIGURES[name], Runs.under(tmp_path))


def test_unfinished_run_says_so_in_the_figure(unfinished, runs):
    found = Runs.under(unfinished)
    assert defect(found["lambda_sweep"]) == "3 not run of 12 units"
    assert defect(runs["lambda_sweep"]) == ""
    made = drawn(FIGURES["lambda_sweep"], found)
    assert "3 not run of 12 units" in made.get_supxlabel()
    assert not drawn(FIGURES["lambda_sweep"], runs).get_supxlabel()
