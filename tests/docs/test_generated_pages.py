"""Pages that are generated.

Kinds: property (pages of made-up theorems and experiments), reference (every module, command and
section is there).
"""

from types import SimpleNamespace

import pytest
from pages import DOCS, anchors
from PIL import Image


def experiment(**fields):
    return SimpleNamespace(
        **{"title": "t", "claim": "c", "falsified_by": "f", "cost": "1 s"} | fields
    )


def test_each_experiment_has_a_page_with_the_figures_that_need_it(generators, tmp_path):
    rendered, folder = tmp_path / "figures", tmp_path / "docs" / "generated" / "gallery"
    rendered.mkdir()
    Image.new("RGB", (1300, 400)).save(rendered / "drawn.png")
    experiments = {
        "one": experiment(claim="a_1 * b | c", falsified_by="x < y"),
        "two": experiment(cost="2 minutes"),
        "three": experiment(),
    }
    figures = {
        "drawn": SimpleNamespace(title="D", caption="w_1", alt="[lines]", needs=("one", "two")),
        "planned": SimpleNamespace(title="P", caption="later", alt="dots", needs=("two",)),
    }
    pages = generators.gallery.pages(experiments, figures, rendered=rendered, folder=folder)
    assert list(pages) == ["index.md", "one.md", "two.md", "three.md"]
    assert r"![\[lines\]](../../../figures/drawn.png)" in pages["one.md"]
    assert r"a\_1 \* b \| c" in pages["one.md"] and r"x \< y" in pages["one.md"]
    assert "## P" not in pages["one.md"] and r"w\_1" in pages["one.md"]
    assert "## D" in pages["two.md"] and "2 minutes" in pages["two.md"]
    assert "## P\n\nThis figure has not been rendered." in pages["two.md"]
    assert "later" not in pages["two.md"] and ".png" not in pages["three.md"]
    small = r"[![\[lines\]](thumbnails/drawn.png)](../../../figures/drawn.png)"
    assert f"{small}\n\nD." in pages["index.md"] and "planned" not in pages["index.md"]
    generators.gallery.write_thumbnails(figures, rendered=rendered, folder=folder)
    with Image.open(folder / "thumbnails" / "drawn.png") as image:
        assert max(image.size) == 640
    assert "[one](one.md)" in pages["index.md"] and "\nthree\n" in pages["index.md"]


def test_an_empty_gallery_says_so(generators, tmp_path):
    pages = generators.gallery.pages({}, {}, rendered=tmp_path, folder=tmp_path)
    assert list(pages) == ["index.md"] and "No experiment is registered" in pages["index.md"]


def test_theorem_pages_show_the_verdicts_of_the_run(generators):
    from expressivity.symbolic.proof import Mutation, Step, Theorem, mutate, prove

    def steps(answer):
        yield Step(statement="a < b", source="docs/theory.md, section 2, C1", check=lambda: answer)
        yield Step(statement="so it is", source="logic")

    survives = Mutation(
        name="changed",
        setting=True,
        counterexample=Step(statement="1 = 2", source="none", check=lambda: True),
    )
    theorem = Theorem(
        name="A",
        title="title",
        statement="x_1 | y",
        assumptions=("d = 1",),
        setting=False,
        steps=steps,
        mutations=(survives,),
        source="docs/theory.md",
    )
    proof, mutations = prove(theorem), mutate(theorem)
    pages = generators.theorems.pages([(proof, mutations)], {"2": "2-containment"})
    page = pages["A.md"]
    assert (
        "Verdict: **refuted**, 0 of 1 checked steps. Mutations caught: 0 of 1 (0 refuted)." in page
    )
    link = "[Theory, section 2](../../theory.md#2-containment), C1"
    assert rf"| 1 | a \< b | refuted | unknown | {link} |" in page
    assert "| 2 | so it is | stated | unknown | logic |" in page
    assert "| changed | 1 = 2 | SURVIVED |" in page
    assert "| [A](A.md) | title | refuted | 0 of 1 | 0 of 1 (0 refuted) |" in pages["index.md"]


def atlas_document():
    cells = [
        {"smaller": "a_1", "larger": "b", "answer": "open", "evidence": "unknown"},
        {"smaller": "b", "larger": "a_1", "answer": "yes", "evidence": "proved",
         "maps": [{"smaller": "b", "larger": "a_1", "maps": ["more * neurons (identity)"]}]},
    ]  # fmt: skip
    return {
        "classes": [{"name": "a_1"}, {"name": "b"}],
        "pairs": 2,
        "decided": 1,
        "counts": {"yes": {"proved": 1}, "open": {"unknown": 1}},
        "minimal_open": [{"smaller": "a_1", "larger": "b", "decides": 1}],
        "cells": cells,
    }


def test_each_cell_of_the_atlas_leads_to_its_reason(generators):
    page = generators.atlas.page(atlas_document())
    for anchor in ("pair-0-1", "pair-1-0"):
        assert page.count(f"({anchor})=") == page.count(f'href="#{anchor}"') == 1
    assert r"b lies in a\_1: b in a\_1 by more \* neurons (identity)" in page
    assert "1 of 2 ordered pairs of 2 classes are decided: yes 1 (proved); open 1" in page
    assert r"- a\_1 in b? A no would decide 1." in page


def test_without_an_atlas_the_page_says_so_and_a_damaged_one_is_refused(generators, tmp_path):
    assert "No atlas is stored" in generators.atlas.page(generators.atlas.stored(tmp_path / "no"))
    damaged = tmp_path / "atlas.json"
    damaged.write_text('{"classes": []}')
    with pytest.raises(ValueError, match=r"a readable atlas\.json"):
        generators.atlas.stored(damaged)


def test_sections_of_the_theory_have_anchors(generators):
    text = (DOCS / "theory.md").read_text(encoding="utf-8")
    found = generators.theorems.theory_anchors(text)
    assert set(found) == {str(number) for number in range(1, 11)}
    assert set(found.values()) <= anchors(DOCS / "theory.md")


def test_every_public_module_has_a_room(generators):
    modules = list(
        generators.api.public_modules("expressivity", "proofs", "experiments", "figures")
    )
    text = "\n".join(generators.api.pages(modules).values())
    missing = {m for m in modules if f".. automodule:: {m}\n" not in text}
    assert {m.split(".")[1] for m in missing} <= {"cli", "commands", "command"}
    with pytest.raises(ValueError, match=r"a room for expressivity\.new; got none"):
        generators.api.pages(["expressivity.new"])


def test_the_reference_of_commands_is_complete(generators, program):
    page = generators.commands.page(program)
    for name, command in program.commands.items():
        assert f"\n## {name}\n" in page
        for parameter in command.params:
            assert parameter.opts[0] in page or parameter.name.upper() in page


def test_pages_that_are_no_longer_generated_go(generators, tmp_path):
    generators.write_pages(tmp_path, {"a.md": "a", "b/c.md": "c"})
    kept = (tmp_path / "a.md").stat().st_mtime_ns
    generators.write_pages(tmp_path, {"a.md": "a", "d.md": "d"})
    assert sorted(p.name for p in tmp_path.rglob("*.md")) == ["a.md", "d.md"]
    assert (tmp_path / "a.md").stat().st_mtime_ns == kept
