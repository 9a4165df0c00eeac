"""The explorer's page in headless Chromium (Debian package ``chromium``).

Kinds: reference (numbers on the page are the run's), property (nothing fetched, no error, mouse and
keyboard, a phone, light and dark, names for those who do not see). EXPRESSIVITY_SCREENSHOTS keeps
pictures.
"""

import base64
import io
import os
import re
import shutil
import tempfile
from pathlib import Path

import browser
import matplotlib.image
import pytest
import torch

from experiments.experiment import Tier
from experiments.explorer import CONTROLS, scenes
from experiments.reading import readings
from figures.explorer.scenes import scene_key
from figures.stored import network_of, target_jump

pytestmark = pytest.mark.skipif(
    browser.CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
)
NORMS = ("l2", "w1inf", "sup")


@pytest.fixture(scope="module")
def tab():
    folder = Path(tempfile.mkdtemp())
    with browser.browser(folder) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)  # its last child processes may still write


@pytest.fixture
def opened(tab, file):
    tab.emulate()
    tab.visit(file)
    yield tab
    assert tab.errors == []


def text(tab, selector: str) -> str:
    return tab.evaluate(f"document.querySelector('{selector}').textContent")


def spoken(tab, selector: str) -> str:
    """Its text, formulas by the name that a screen reader says."""
    return tab.evaluate(
        f"(() => {{ const copy = document.querySelector('{selector}').cloneNode(true);"
        "for (const math of copy.querySelectorAll('[role=math], math[alttext]')) math.replaceWith("
        "math.getAttribute('aria-label') ?? math.getAttribute('alttext'));"
        "return copy.textContent; })()"
    )


def texts(tab, selector: str) -> list[str]:
    return tab.evaluate(f"[...document.querySelectorAll('{selector}')].map((e) => e.textContent)")


def visit(tab, file: Path, fragment: str) -> None:
    """Load the page anew at a position of its controls."""
    tab.load("about:blank")
    tab.load(f"{file.as_uri()}#{fragment}")


def number(shown: str) -> float:
    return float(shown.replace("\N{MINUS SIGN}", "-"))


def three(value: float) -> float:
    return float(f"{value:.2e}")


# --- what comes in, what is shown ----------------------------------------------------------------


def test_nothing_is_fetched_and_it_opens_with_the_theorem(opened, file):
    assert opened.requests == [file.as_uri()]
    assert spoken(opened, "#formula") == "t2(x) = relu(x2)*tanh(2*x1)"
    assert "MoA reaches the target and LA misses it" in text(opened, "#verdicts")


@pytest.mark.parametrize("key", ["t1||tanh", "t2|1|tanh", "t2|2|tanh"])
def test_every_number_of_a_scene_is_the_runs(tab, file, run, key):
    (scene,) = [s for s in scenes(CONTROLS[Tier.SMOKE]) if scene_key(s) == key]
    stored = {reading.key: reading.result for reading in readings(run)}
    wanted = {}
    for unit in scene.units(CONTROLS[Tier.SMOKE].settings):
        result = stored[unit.key]
        wanted.setdefault((result.family.width, result.kind), []).append(result)
    name, rate, gate = key.split("|")
    for width in CONTROLS[Tier.SMOKE].widths:
        visit(tab, file, f"target={name}&lambda={rate}&gate={gate}&width={width}")
        for kind in ("fixed", "la", "moa"):
            if (width, kind) not in wanted:
                assert texts(tab, f".card.{kind}") == []
                continue
            result = min(wanted[width, kind], key=lambda r: r.error["l2"])
            digits, badges = [], []
            for norm in NORMS:
                digits.append(result.error[norm])
                badges.append("numerical")
                if (bound := result.lower_bound[norm]) is not None:
                    digits.append(bound.value)
                    badges.append(str(bound.evidence))
            assert [float(d) for d in texts(tab, f".card.{kind} small")] == digits
            assert texts(tab, f".card.{kind} .badge") == [*badges, result.membership.evidence]
            shown = [number(s) for s in texts(tab, f".card.{kind} .value")[: len(digits)]]
            assert all(abs(s - d) <= 0.01 * abs(d) for s, d in zip(shown, digits, strict=True))
            assert result.membership.reason in spoken(tab, f".card.{kind}")
            assert str(result.parameters) in text(tab, f".card.{kind} p")


def test_a_point_and_its_jumps_are_those_of_the_stored_networks(opened, run):
    stored = {reading.key: reading for reading in readings(run)}
    scene = next(s for s in scenes(CONTROLS[Tier.SMOKE]) if s.target.lambda_ == 2.0)
    units = {(u.family.kind, u.family.width): u for u in scene.units(CONTROLS[Tier.SMOKE].settings)}
    la, moa = (network_of(scene.target, stored[units[kind, 2].key]) for kind in ("la", "moa"))
    for x1, x2 in ((0.5, 0.5), (-0.6, 0.8), (0.2, -0.975), (0.0, 0.0)):
        opened.evaluate(
            f"for (const [id, value] of [['x1', {x1}], ['x2', {x2}]]) {{"
            "const input = document.getElementById(id); input.value = value;"
            "input.dispatchEvent(new Event('input')); }"
        )
        node, place = torch.tensor([[x1, x2]]).double(), torch.tensor([x1]).double()
        exact = scene.target.values(node).item()
        values = [exact, *(n.values(node).item() for n in (la, moa))]
        shown = [number(s) for s in texts(opened, "#values .value")]
        wanted = [three(v) for v in (*values, values[1] - exact, values[2] - exact)]
        assert shown == pytest.approx(wanted, rel=1e-5, abs=1e-15)
        jumps = [target_jump(scene.target, place), la.jump(place), moa.jump(place)]
        assert [number(s) for s in texts(opened, "#jumps .value")][::3] == pytest.approx(
            [three(j.item()) for j in jumps], rel=1e-12
        )
    assert set(texts(opened, "#values .badge, #jumps .badge")) == {"numerical"}


# --- mouse and keyboard --------------------------------------------------------------------------


def test_the_mouse_moves_every_control(opened):
    opened.click('input[name="target"][value="t1"]')
    assert spoken(opened, "#formula") == "t1(x) = relu(x1) + relu2(x1)"
    assert opened.evaluate("document.getElementById('lambda').matches(':disabled')") is True
    assert "fixed misses it" in text(opened, "#verdicts")
    opened.click('input[name="target"][value="t2"]')
    opened.click("#lambda", along=0.05)
    assert text(opened, "#lambda-now") == "1"
    assert spoken(opened, "#formula") == "t2(x) = relu(x2)*tanh(x1)"
    opened.click("#width", along=0.05)
    assert text(opened, ".card.la h3") == "LA type1, width 1"
    assert opened.evaluate("location.hash") == "#target=t2&gate=tanh&lambda=1&width=1&class=la"
    before = texts(opened, "#values .value")
    opened.click("#picture-la .picture")
    assert texts(opened, "#values .value") != before
    assert [number(x) for x in texts(opened, "#x1-now, #x2-now")] == pytest.approx([0, 0], abs=0.03)
    opened.click('input[name="norm"][value="w1inf"]')
    assert "gradient error" in text(opened, "#ladder")


def test_the_keyboard_alone_moves_every_control(opened):
    reached = set()
    while "class" not in reached:
        opened.press("Tab")
        name = opened.evaluate("document.activeElement.name || document.activeElement.id")
        reached.add(name)
        assert opened.evaluate("document.activeElement !== document.body"), "the end of the page"
        before = texts(opened, "#formula, output, #ladder")
        if name in ("target", "lambda", "width"):  # each at its last place
            opened.press("ArrowLeft")
        elif name in ("x1", "x2", "norm"):
            opened.press("ArrowRight")
        else:
            continue
        assert texts(opened, "#formula, output, #ladder") != before
        if name == "target":
            opened.press("ArrowRight")
    assert {"target", "gate", "lambda", "width", "x1", "x2", "norm", "class"} <= reached


def test_one_goes_from_class_to_class_and_back(opened):
    assert text(opened, "#class-title") == "la (LA type1)"
    link = "#relations .inside .link"
    name = text(opened, link)
    opened.click(link)
    assert text(opened, "#class-title").startswith(f"{name} (")
    assert opened.evaluate("document.activeElement.id") == "class-title"
    opened.press("Tab")
    second = opened.evaluate("document.activeElement.textContent")
    opened.press("Enter")
    assert text(opened, "#class-title").startswith(f"{second} (")
    for wanted in (name, "la"):
        opened.evaluate("new Promise((done) => { addEventListener('popstate', () => done(true), "
                        "{once: true}); history.back(); })", wait=True)  # fmt: skip
        assert text(opened, "#class-title").startswith(f"{wanted} (")
    opened.click(".card.moa > .link")
    assert text(opened, "#class-title") == "moa-tanh (MoA tanh type1)"


def test_the_atlas_says_why(opened):
    opened.click("#relations .inside details summary")
    said = text(opened, "#relations .inside details[open] p")
    assert re.match(r"la lies in [\w-]+: ", said)


# --- phone, light and dark, names ----------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("target", ["t1", "t2"])
def test_it_never_scrolls_sideways(tab, file, width, target):
    tab.emulate(width=width)
    visit(tab, file, f"target={target}")
    tab.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    sizes = tab.evaluate(
        "[...document.querySelectorAll('svg.chart text')]"
        ".map((e) => e.getBoundingClientRect().height).filter((h) => h > 0)"
    )
    assert min(sizes) >= 9, "text of charts stays legible"


def test_light_and_dark(tab, file, tmp_path):
    folder = Path(os.environ.get("EXPRESSIVITY_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    brightness = {}
    for name, width, scheme in (
        ("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 360, "light"),
    ):  # fmt: skip
        tab.emulate(width=width, scheme=scheme)
        tab.visit(file)
        shot = tab.call("Page.captureScreenshot")
        content = base64.b64decode(shot["data"])
        (folder / f"explorer-{name}.png").write_bytes(content)
        picture = matplotlib.image.imread(io.BytesIO(content))[:, :, :3]
        assert picture.std() > 0.02, "an empty page"
        brightness[name] = picture.mean()
    assert min(brightness["light"], brightness["phone"]) > 0.8
    assert brightness["dark"] < 0.4


@pytest.mark.parametrize("target", ["t1", "t2"])
def test_what_can_be_moved_or_seen_has_a_name(tab, file, target):
    tab.emulate()
    visit(tab, file, f"target={target}")
    tab.call("Accessibility.enable")
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"radio", "slider", "button", "combobox", "image", "img", "group", "form", "link"}
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"] and node.get("role", {}).get("value") in roles
    ]
    assert {"radio", "slider", "button", "combobox"} <= {role for role, _ in named}
    pictures = [name for role, name in named if role in ("image", "img")]
    assert len(pictures) >= 6
    unnamed = [role for role, name in named if not name.strip() and role != "group"]
    assert unnamed == []
