"""Layers under ``torch.func`` and forward-mode derivatives.

Kinds: metamorphic (vmap is the batch, per-sample gradients sum to the batch's), reference (forward
mode against reverse mode).
"""

import dataclasses

import pytest
import torch
import torch.autograd.forward_ad as forward
from torch import func, nn

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.layers import FeedForward

torch.set_num_threads(1)

SILU = Family(
    kind="fixed", neuron="one_sided", width=8, dimension=4, outputs=3, dictionary=("silu",)
)
LEARNED = dataclasses.replace(SILU, kind="la", dictionary=("id", "relu", "silu"), groups=2)
MIXED = dataclasses.replace(LEARNED, kind="moa", neuron="two_sided", groups=1, gate="softmax")
OWN = Family(kind="fixed", neuron="xielu", width=8, dimension=4, outputs=3)
FAMILIES = (SILU, LEARNED, MIXED, OWN)


@pytest.fixture(params=FAMILIES, ids=lambda family: family.neuron)
def layer(request):
    torch.manual_seed(0)
    made = FeedForward(request.param).double()
    for name, parameter in made.named_parameters():
        if name != "p":  # a neuron's own may have to be positive
            nn.init.normal_(parameter)
    return made


@pytest.fixture
def x_TD():
    return torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


def test_vmap_is_the_batch(layer, x_TD):
    close(func.vmap(layer)(x_TD), layer(x_TD))
    close(func.vmap(layer, in_dims=1)(x_TD[:, None]), layer(x_TD)[None])
    with torch.no_grad():
        close(func.vmap(layer)(x_TD), layer(x_TD))


def test_gradients_of_samples_sum_to_that_of_the_batch(layer, x_TD):
    parameters = dict(layer.named_parameters())

    def total(given, x_D):
        return func.functional_call(layer, given, (x_D,)).square().sum()

    each = func.vmap(func.grad(total), (None, 0))(parameters, x_TD)
    for name, gradient in func.grad(total)(parameters, x_TD).items():
        close(each[name].sum(0), gradient)


def test_forward_mode_is_reverse_mode(layer, x_TD):
    along_TD = x_TD.flip(0)
    jacobian = func.jacrev(layer)(x_TD)
    expected = torch.einsum("tosd,sd->to", jacobian, along_TD)
    close(func.jvp(layer, (x_TD,), (along_TD,))[1], expected)
    close(func.jacfwd(layer)(x_TD), jacobian)
    with forward.dual_level():
        found = layer(forward.make_dual(x_TD, along_TD))
        close(forward.unpack_dual(found).tangent, expected)
    with torch.no_grad():
        close(func.jvp(layer, (x_TD,), (along_TD,))[1], expected)
        close(func.jacrev(layer)(x_TD), jacobian)


def test_forward_mode_by_parameters(layer, x_TD):
    parameters = dict(layer.named_parameters())
    along = {name: torch.ones_like(p) for name, p in parameters.items()}

    def outputs(given):
        return func.functional_call(layer, given, (x_TD,))

    expected = sum(
        (jacobian.flatten(2) @ along[name].flatten())
        for name, jacobian in func.jacrev(outputs)(parameters).items()
    )
    close(func.jvp(outputs, (parameters,), (along,))[1], expected)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.neuron)
def test_construction_on_the_meta_device_poisons_nothing(family):
    with torch.device("meta"):
        made = FeedForward(family)
    assert {p.device.type for p in made.parameters()} == {"meta"}
    assert all(p.isfinite().all() for p in FeedForward(family).parameters())


def test_all_seven_activations_have_rules_for_vmap(x_TD):
    """torch warns where it falls back to a loop, and warnings are errors."""
    layer = FeedForward(dataclasses.replace(SILU, kind="la", dictionary=FULL_DICTIONARY)).double()
    close(func.vmap(layer)(x_TD), layer(x_TD))
