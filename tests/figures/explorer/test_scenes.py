"""The data of the explorer's page.

Kinds: reference (every number is the record's, pictures are the stored networks'), property (every
position of the controls has a scene), negative (runs that lack a unit, or are of something else).
"""

import base64
import json

import explorer_run
import numpy as np
import pytest
import torch

from experiments.experiment import Tier
from experiments.explorer import CONTROLS, scenes
from experiments.reading import readings
from expressivity.classes.kinds import Kind
from expressivity.runs.folder import RunFolder, read_run
from expressivity.targets.builtin import t2
from figures.explorer import atlas, pictures
from figures.explorer.scenes import data as data_of
from figures.explorer.scenes import scene_key
from figures.stored import beside, network_of


def decoded(text: str, form: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=form)


def test_every_position_of_the_controls_has_a_scene_with_a_fit_at_every_width(data):
    for target in data["targets"]:
        for rate in data["lambdas"] if target["rated"] else ("",):
            for gate in target["gates"]:
                scene = data["scenes"][f"{target['name']}|{rate}|{gate}"]
                found = [(f["kind"], f["width"]) for f in map(data["fits"].get, scene["fits"])]
                kinds = ["la", "moa"] if target["rated"] else ["fixed", "la", "moa"]
                assert found == [(kind, width) for kind in kinds for width in data["widths"]]
    assert len(data["scenes"]) == len(list(scenes(CONTROLS[Tier.SMOKE]))) == 3
    first = data["first"]
    assert f"{first['target']}|{first['lambda']}|{first['gate']}" in data["scenes"]


def test_numbers_are_the_records_own(run, data):
    stored = {reading.key: reading.result for reading in readings(run)}
    for key, fit in data["fits"].items():
        result = stored[key]
        assert fit["parameters"] == result.parameters
        assert fit["membership"] == result.membership.json()
        for norm, value in result.error.items():
            told = fit["errors"][norm]
            assert (float(told["digits"]), told["evidence"]) == (value, "numerical")
            assert told["shown"] == f"{value:.2e}"
            bound, shown = result.lower_bound[norm], fit["bounds"][norm]
            assert (bound is None) is (shown is None)
            if bound is not None:
                assert float(shown["digits"]) == bound.value >= float(shown["shown"])
                assert (shown["evidence"], shown["method"]) == (bound.evidence, bound.method)


def test_of_fixed_classes_the_closest_is_shown(run, data):
    results = [reading.result for reading in readings(run)]
    for fit in [data["fits"][key] for key in data["scenes"]["t1||tanh"]["fits"][:2]]:
        same = [r for r in results if r.kind is Kind.FIXED and r.family.width == fit["width"]]
        assert fit["among"] == len(same) == 7
        assert float(fit["errors"]["l2"]["digits"]) == min(r.error["l2"] for r in same)


def test_pictures_are_of_the_stored_networks(run, data):
    stored = {reading.key: reading for reading in readings(run)}
    (scene,) = [s for s in scenes(CONTROLS[Tier.SMOKE]) if s.target == t2(2.0)]
    nodes_ND, x1_N = pictures.nodes(2), pictures.stations(2)
    values = decoded(data["functions"][scene.target.formula]["values"], "<f4")
    assert np.array_equal(values, scene.target.values(nodes_ND).numpy().astype("<f4"))
    for key in data["scenes"][scene_key(scene)]["fits"]:
        network, fit = network_of(scene.target, stored[key]), data["fits"][key]
        difference = network.values(nodes_ND) - scene.target.values(nodes_ND)
        shown = decoded(fit["difference"], "<f4")
        assert np.array_equal(shown, difference.numpy().astype("<f4"))
        assert np.array_equal(decoded(fit["jump"], "<f8"), network.jump(x1_N).numpy())
        for name, width in pictures.BANDS.items():
            band = network.jump(x1_N, half_width=width).numpy()
            assert np.array_equal(decoded(fit[name], "<f8"), band)


def test_the_jump_of_a_target_is_that_of_the_theory(data):
    for rate in (1.0, 2.0):
        jump = decoded(data["functions"][t2(rate).formula]["jump"], "<f8")
        exact = torch.tanh(rate * pictures.stations(2)).numpy()
        assert np.abs(jump - exact).max() < 1e-15
    on_the_line = decoded(data["functions"]["relu(x1) + relu2(x1)"]["jump"], "<f8")
    assert on_the_line.tolist() == [1.0]


def test_nodes_are_told_apart_by_whole_numbers():
    """Those of the edge too, such as (0.6, 0.8), where round-off would decide."""
    nodes = {tuple(node) for node in pictures.nodes(2).tolist()}
    assert {(0.6, 0.8), (-0.8, 0.6), (0.0, 1.0), (-1.0, 0.0)} <= nodes
    steps = [(2 * i - 80) ** 2 + (2 * j - 80) ** 2 for i in range(81) for j in range(81)]
    assert len(nodes) == sum(step <= 6400 for step in steps)
    assert torch.equal(beside(pictures.stations(2), 0.0)[:, 0], pictures.stations(2))


def test_an_unfinished_run_and_one_of_something_else_are_refused(tmp_path):
    part = read_run(explorer_run.made(tmp_path / "part", leave_out=1))
    with pytest.raises(ValueError, match=r"required: a finished run; .* lacks t1 .*: run it again"):
        data_of(part)
    RunFolder(tmp_path / "other", configuration={"experiment": "noise"}, facts={})
    with pytest.raises(ValueError, match="required: a run of the experiment explorer; "):
        data_of(read_run(tmp_path / "other"))


def test_the_stored_atlas_is_there_whole():
    found, stored = atlas.data(atlas.STORED), json.loads(atlas.STORED.read_bytes())
    count = len(stored["classes"])
    assert len(found["classes"]) == count
    assert {(row, column) for row, column, *_ in found["cells"]} == {
        (row, column) for row in range(count) for column in range(count) if row != column
    }
    names = [entry["name"] for entry in found["classes"]]
    said = {(names[row], names[column]): rest for row, column, *rest in found["cells"]}
    for cell in stored["cells"][::97]:
        answer, evidence, sentence = said[cell["smaller"], cell["larger"]]
        assert (answer, evidence) == (cell["answer"], cell["evidence"])
        assert cell["smaller"] in sentence and cell["larger"] in sentence
        assert ("<math" in sentence) == (answer == "no")
