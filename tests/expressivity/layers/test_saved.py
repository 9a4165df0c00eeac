"""Models with layers of ours, saved and brought back.

Kinds: property (what was saved comes back bit for bit), negative (configurations and tensors that
do not belong together).
"""

import json

import pytest
import torch
from architectures import ARCHITECTURES, built, outputs
from blocks_by_hand import Chain, Gated, model_of, to_mixture
from blocks_by_hand import outputs as by_hand
from language_models import FAMILY, TOKENS, architecture, converted, moved, own_classes
from safetensors.torch import load_file, save_file
from torch import nn

from expressivity.layers import (
    FeedForward,
    from_pretrained,
    pretrained,
    rebuild,
    replace_feedforward,
)
from expressivity.layers.blocks import Block

torch.set_num_threads(1)


@pytest.fixture
def transformers():
    found = pytest.importorskip("transformers", minversion="5", reason="needs the extra hf")
    found.logging.disable_progress_bar()
    return found


def equal(model, other):
    for training in (True, False):
        pairs = zip(outputs(model, training), outputs(other, training), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


# Any model


def test_a_model_is_built_anew_from_the_report():
    shared = Gated()
    model = model_of(shared, Chain(), shared)
    report = replace_feedforward(model, family_of=to_mixture)
    moved(model)
    shared = Gated()
    other = model_of(shared, Chain(dropout=0.5), shared)
    rebuild(other, json.loads(json.dumps(report.json())))
    other.load_state_dict(model.state_dict())
    assert other.layers[0].mlp is other.layers[2].mlp
    assert all(torch.equal(by_hand(model, mode), by_hand(other, mode)) for mode in (True, False))


def change(document, **changes):
    first, *others = document["blocks"]
    return {**document, "blocks": [{**first, **changes}, *others]}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda d: None, "got None"),
        (lambda d: {**d, "schema": "expressivity.conversion/2"}, "newer version saved"),
        (lambda d: {**d, "schema": "expressivity.run/1"}, "got expressivity.run/1"),
        (lambda d: {**d, "blocks": 3}, "with its blocks"),
        (lambda d: {**d, "blocks": [3]}, "damaged one .TypeError"),
        (lambda d: change(d, places=["layers.7.mlp"]), "another model"),
        (lambda d: change(d, places=[]), "IndexError"),
        (lambda d: change(d, family={}), "KeyError: 'gate'"),
        (lambda d: change(d, dimension="8"), "dimension"),
        (lambda d: change(d, dropout=["much"]), "TypeError"),
        (lambda d: change(d, dropout=[2.0]), r"probabilities \[2.0\] of dropout"),
        (lambda d: change(d, places=[""]), "is no place of one block alone"),
        (lambda d: change(d, places=["layers"]), "'layers' is no place of one block alone"),
        (lambda d: {**d, "blocks": [*d["blocks"], d["blocks"][0]]}, "no place of one block"),
    ],
)
def test_documents_of_something_else(changed, message):
    model, other = model_of(Gated(), Chain()), model_of(Gated(), Chain())
    document = replace_feedforward(model, family_of=to_mixture).json()
    before = list(other.modules())
    with pytest.raises(ValueError, match=message) as caught:
        rebuild(other, changed(document))
    assert "\n" not in str(caught.value)
    assert all(a is b for a, b in zip(before, other.modules(), strict=True))


# Models of transformers


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(a.name, marks=() if a.name == "LlamaForCausalLM" else pytest.mark.slow)
        for a in ARCHITECTURES
        if a.places
    ],
)
def test_a_converted_model_comes_back(transformers, tmp_path, name):
    model = converted(transformers, name)
    model.save_pretrained(tmp_path)
    found = from_pretrained(type(model), tmp_path)
    assert type(found) is type(model)
    equal(model, found)
    assert all(torch.equal(b, found.state_dict()[a]) for a, b in model.state_dict().items())


def test_with_a_head_or_without_by_auto_classes_and_in_a_dtype(transformers, tmp_path):
    model = converted(transformers)
    model.save_pretrained(tmp_path)
    hidden = model.model(TOKENS)[0]
    base = from_pretrained(transformers.AutoModel, tmp_path)
    assert torch.equal(base(TOKENS)[0], hidden)
    base.save_pretrained(tmp_path / "base")
    with_head = from_pretrained(transformers.AutoModelForCausalLM, tmp_path / "base")
    assert torch.equal(with_head.model(TOKENS)[0], hidden)
    low, info = from_pretrained(
        type(model), tmp_path, dtype=torch.bfloat16, output_loading_info=True, use_cache=False
    )
    assert {p.dtype for p in low.parameters()} == {torch.bfloat16}
    assert not info["missing_keys"] and low.config.use_cache is False


def test_a_shared_block_is_shared_again(transformers, tmp_path):
    def fresh(config):
        model = transformers.LlamaForCausalLM(config)
        model.model.layers[1].mlp = model.model.layers[0].mlp
        return model

    class Shared(transformers.LlamaForCausalLM):
        _tied_weights_keys = {r"model.layers.1.mlp": "model.layers.0.mlp"}  # noqa: RUF012

        def __init__(self, config):
            super().__init__(config)
            self.model.layers[1].mlp = self.model.layers[0].mlp

    model = Shared(transformers.LlamaConfig(**architecture("LlamaForCausalLM").config))
    report = replace_feedforward(model, family_of=to_mixture)
    assert [len(block.names) for block in report.replaced] == [2]
    moved(model).save_pretrained(tmp_path)
    found = from_pretrained(Shared, tmp_path)
    assert found.model.layers[0].mlp is found.model.layers[1].mlp
    equal(model, found)


def test_a_second_conversion_is_added(transformers, tmp_path):
    model = built(architecture("LlamaForCausalLM"), transformers)
    for place in ("*.layers.1.*", "*.layers.0.*"):
        replace_feedforward(model, family_of=to_mixture, only=(place,))
    moved(model).save_pretrained(tmp_path)
    found = from_pretrained(type(model), tmp_path)
    assert sum(isinstance(m, Block) for m in found.modules()) == 2
    equal(model, found)


def test_a_wrapped_model_records_its_own_names(transformers, tmp_path):
    model = built(architecture("LlamaForCausalLM"), transformers)
    replace_feedforward(nn.ModuleDict({"inner": model}), family_of=to_mixture)
    moved(model).save_pretrained(tmp_path)
    equal(model, from_pretrained(type(model), tmp_path))


def llava(transformers):
    text = {**architecture("LlamaForCausalLM").config, "vocab_size": 64}
    sizes = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    config = transformers.LlavaConfig(
        text_config=transformers.LlamaConfig(**text),
        vision_config=transformers.CLIPVisionConfig(
            **{name: text[name] for name in sizes}, image_size=28, patch_size=14
        ),
    )
    return transformers.LlavaForConditionalGeneration(config).eval()


def test_a_model_inside_with_a_configuration_of_its_own_comes_back_alone(transformers, tmp_path):
    model = llava(transformers)
    replace_feedforward(model, family_of=to_mixture)
    moved(model).save_pretrained(tmp_path / "whole")
    found = from_pretrained(type(model), tmp_path / "whole")
    assert torch.equal(found(TOKENS).logits, model(TOKENS).logits)
    inner = model.model.language_model
    inner.save_pretrained(tmp_path / "inner")
    assert torch.equal(
        from_pretrained(type(inner), tmp_path / "inner")(TOKENS)[0], inner(TOKENS)[0]
    )
    del inner.config.expressivity_conversion
    inner.save_pretrained(tmp_path / "unrecorded")
    with pytest.raises(ValueError, match=r"got layers.0.mlp.feed_forward.a.weight besides"):
        from_pretrained(type(inner), tmp_path / "unrecorded")


def test_a_configuration_that_two_models_share_is_refused(transformers):
    config = transformers.LlamaConfig(**architecture("LlamaForCausalLM").config)
    models = [transformers.LlamaForCausalLM(config) for _ in range(2)]
    replace_feedforward(models[0], family_of=to_mixture)
    before = list(models[1].modules())
    with pytest.raises(
        ValueError, match=r"of this model alone; got .* a block at model.layers.0.mlp"
    ):
        replace_feedforward(models[1], family_of=to_mixture)
    assert all(a is b for a, b in zip(before, models[1].modules(), strict=True))
    assert len(config.expressivity_conversion["blocks"]) == 2


def tampered(folder, *, config=None, tensors=None):
    """Change the files of a saved model."""
    path = folder / "config.json"
    document = json.loads(path.read_text())
    if config is not None:
        config(document["expressivity_conversion"])
        path.write_text(json.dumps(document))
    if tensors is not None:
        held = load_file(folder / "model.safetensors")
        tensors(held)
        save_file(held, folder / "model.safetensors", metadata={"format": "pt"})


MLP = "model.layers.0.mlp.feed_forward"


@pytest.mark.parametrize(
    ("config", "tensors", "message"),
    [
        (lambda d: d.update(schema="expressivity.conversion/9"), None, "newer version saved"),
        (lambda d: d["blocks"].pop(), None, "1.mlp.feed_forward.a.weight besides"),
        (lambda d: d["blocks"][0]["family"].update(kind="la", gate=None), None, "u0.* besides"),
        (lambda d: d["blocks"][0]["family"].update(width=20), None, r"24\) for \(16, 20"),
        (lambda d: d["blocks"][0].update(bias=True), None, "mlp.bias missing"),
        (lambda d: d["blocks"][0].update(places=["model.norm.mlp"]), None, "another model"),
        (None, lambda t: t.pop(f"{MLP}.scale1"), f"{MLP}.scale1 missing"),
        (None, lambda t: t.update({f"{MLP}.p": torch.zeros(3)}), f"{MLP}.p besides"),
        (None, lambda t: t.update({f"{MLP}.scale0": torch.zeros(3)}), r"scale0 of shape \(3,\)"),
    ],
)
@pytest.mark.slow
def test_tensors_that_disagree_with_their_conversion(
    transformers, tmp_path, config, tensors, message
):
    model = converted(transformers)
    model.save_pretrained(tmp_path)
    tampered(tmp_path, config=config, tensors=tensors)
    with pytest.raises(ValueError, match=message) as caught:
        from_pretrained(type(model), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_tensor_is_refused(transformers, tmp_path):
    model = converted(transformers)
    model.save_pretrained(tmp_path)
    tampered(tmp_path, tensors=lambda held: held.pop(f"{MLP}.scale1"))
    with pytest.raises(ValueError, match=f"got {MLP}.scale1 missing"):
        from_pretrained(type(model), tmp_path)


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "without config.json"),
        (lambda folder: (folder / "config.json").write_text(""), "cannot be loaded .OSError: "),
        (
            lambda folder: (folder / "config.json").write_text("[1]"),
            "cannot be loaded .TypeError: ",
        ),
        (lambda folder: (folder / "model.safetensors").unlink(), "cannot be loaded .OSError: "),
        (cut, "cannot be loaded .SafetensorError: "),
    ],
)
def test_damaged_files(transformers, tmp_path, damage, message):
    model = converted(transformers)
    model.save_pretrained(tmp_path)
    damage(tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        from_pretrained(type(model), tmp_path)
    assert str(caught.value).startswith("required: a saved model with its configuration")
    assert "\n" not in str(caught.value)


def test_a_record_that_makes_two_blocks_one_or_empties_a_module(transformers, tmp_path):
    model = converted(transformers)
    model.save_pretrained(tmp_path)
    first, second = (block["places"] for block in model.config.expressivity_conversion["blocks"])
    tampered(
        tmp_path,
        config=lambda d: d.update(blocks=[{**d["blocks"][0], "places": [*first, *second]}]),
    )
    with pytest.raises(ValueError, match=r"layers.1.mlp\S* other than model.layers.0.mlp"):
        from_pretrained(type(model), tmp_path)
    model.save_pretrained(tmp_path)
    tampered(tmp_path, config=lambda d: d["blocks"][0].update(emptied=["model.layers.1.self_attn"]))
    with pytest.raises(ValueError, match=r"layers.1.self_attn.\S* besides"):
        from_pretrained(type(model), tmp_path)


def test_what_comes_back_is_saved_as_it_was(transformers, tmp_path):
    model = converted(transformers)
    model.save_pretrained(tmp_path / "first")
    from_pretrained(type(model), tmp_path / "first").save_pretrained(tmp_path / "second")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_model_without_layers_of_ours(transformers, tmp_path):
    model = built(architecture("LlamaForCausalLM"), transformers)
    model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="got LlamaForCausalLM without either"):
        from_pretrained(transformers.AutoModelForCausalLM, tmp_path)


# A user's own model


def test_the_start_survives_post_init(transformers):
    config, kind = own_classes(transformers)
    torch.manual_seed(3)
    nn.Linear(8, 8)
    expected = FeedForward(FAMILY).state_dict()
    torch.manual_seed(3)
    model = kind(config(family=FAMILY.json()))
    assert all(torch.equal(expected[k], v) for k, v in model.feed_forward.state_dict().items())
    assert model.before.weight.std() < 0.05 < model.feed_forward.w.weight.std()  # theirs is started


@pytest.mark.parametrize("load", [lambda kind, path: kind.from_pretrained(path), from_pretrained])
def test_a_model_that_holds_a_layer_comes_back(transformers, tmp_path, load):
    config, kind = own_classes(transformers)
    model = moved(kind(config(family=FAMILY.json())))
    model.save_pretrained(tmp_path)
    found = load(kind, tmp_path)
    assert all(torch.equal(v, found.state_dict()[k]) for k, v in model.state_dict().items())


def test_a_layer_that_a_checkpoint_lacks_starts_as_it_should(transformers, tmp_path):
    config, kind = own_classes(transformers)
    kind(config(family=FAMILY.json())).save_pretrained(tmp_path)
    held = load_file(tmp_path / "model.safetensors")
    kept = {key: tensor for key, tensor in held.items() if "feed_forward" not in key}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    found = kind.from_pretrained(tmp_path).feed_forward
    fresh = FeedForward(FAMILY)
    for name in ("scale0", "scale1", "u0.weight", "u0.bias"):
        assert torch.equal(found.state_dict()[name], fresh.state_dict()[name])
    assert 0.25 < found.w.weight.std() < 0.5
    with pytest.raises(ValueError, match=r"feed_forward\.a\.weight missing"):
        from_pretrained(kind, tmp_path)


@pytest.mark.parametrize("error", [ImportError, MemoryError, torch.OutOfMemoryError])
def test_what_says_nothing_of_the_folder_is_passed_on(error, transformers, monkeypatch, tmp_path):
    def fail(*_):
        raise error("elsewhere")

    monkeypatch.setattr(pretrained, "_of_auto", fail)
    with pytest.raises(error, match="elsewhere"):
        from_pretrained(transformers.LlamaForCausalLM, tmp_path)
