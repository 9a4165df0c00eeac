"""Batched networks and their hand-written Jacobians.

Kinds: reference (Jacobians against reverse mode, finite differences and symbolic
differentiation), metamorphic (permuted neurons, rescaling, swapped sides, constant gates,
batch = loop of singles bit for bit), property (pack and unpack).

Shape letters as in ``expressivity.classes.networks``: L lanes, M neurons, O outputs, N nodes,
P packed parameters, D input dimension.
"""

import itertools

import pytest
import sympy as sp
import torch
from torch import Tensor

from expressivity.classes import networks
from expressivity.classes.activations import (
    ACTIVATIONS,
    FULL_DICTIONARY,
    Activation,
    stack_dictionary,
)
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.networks import (
    coordinates,
    evaluate,
    evaluate_with_gradient,
    network_function,
    pack,
    parameter_length,
    unpack,
    with_gradient,
)
from expressivity.classes.neurons import FORMS
from expressivity.classes.structure import Structure
from expressivity.symbolic.interpret import TORCH, interpret

torch.set_num_threads(1)

FLOAT = torch.float64
GATED = [(Kind.MOA, name) for name in GATES]


def families(width: int = 3, dimension: int = 2, **changes: object) -> list[Family]:
    """One family for every kind, form and gate."""
    sizes = {"width": width, "dimension": dimension, **changes}
    result = []
    for form in FORMS:
        if form in FIXED_FORMS:
            result.append(Family(kind=Kind.FIXED, neuron=form, dictionary=("gelu",), **sizes))
        result.append(Family(kind=Kind.LA, neuron=form, **sizes))
        result += [
            Family(kind=kind, neuron=form, gate=GateSpec(name=name), **sizes)
            for kind, name in GATED
        ]
    return result


def label(family: Family) -> str:
    gate = "" if family.gate is None else f"-{family.gate.name}"
    return f"{family.kind}-{family.neuron}{gate}"


every_family = pytest.mark.parametrize("family", families(), ids=label)


def lanes(family: Family, count: int, seed: int = 1) -> Tensor:
    """Random lanes with what is switched off at its start value: biases 0, fixed one-hot."""
    generator = torch.Generator().manual_seed(seed)
    theta_LP = torch.randn((count, parameter_length(family)), dtype=FLOAT, generator=generator)
    for name, block in unpack(family, theta_LP).items():
        held = family.frozen(name)
        if held is not None:
            block[..., held] = 0 if name in "wv" or name.startswith("u") else 1
        if name == "scale0" and family.kind is Kind.FIXED:
            block[:] = torch.tensor([float(name == family.activation) for name in family.basis])
    return theta_LP


def nodes(count: int, dimension: int, seed: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand((count, dimension), dtype=FLOAT, generator=generator) - 1


def values_and_jacobian(family: Family, theta_LP: Tensor, x_ND: Tensor) -> tuple[Tensor, Tensor]:
    network = network_function(Structure.of(family))
    f_LON, groups = network(coordinates(x_ND), tuple(unpack(family, theta_LP).values()))
    return f_LON, torch.cat(groups, 1)


def reverse_mode(family: Family, theta_LP: Tensor, x_ND: Tensor) -> Tensor:
    def single(theta_P: Tensor) -> Tensor:
        return evaluate(family, theta_P[None], x_ND)[0]

    jacobians = [torch.func.jacrev(single)(theta_P) for theta_P in theta_LP]
    return torch.stack(jacobians).permute(0, 3, 1, 2)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_jacobian_is_reverse_mode(outputs, bias):
    x_ND = nodes(5, 2)
    for family in families(outputs=outputs, bias=bias):
        theta_LP = lanes(family, 2)
        f_LON, J_LPON = values_and_jacobian(family, theta_LP, x_ND)
        assert f_LON.shape == (2, outputs, 5)
        assert J_LPON.shape == (2, parameter_length(family), outputs, 5)
        expected = reverse_mode(family, theta_LP, x_ND)
        torch.testing.assert_close(J_LPON, expected, rtol=1e-10, atol=1e-11, msg=label(family))


@every_family
def test_jacobian_is_the_limit_of_central_differences(family):
    theta_P, x_ND = lanes(family, 1)[0], nodes(4, 2)
    _, J_LPON = values_and_jacobian(family, theta_P[None], x_ND)
    # 1e-5 balances truncation (1e-10) and rounding (1e-16 / 1e-5); no kink is that close
    step_PP = 1e-5 * torch.eye(len(theta_P), dtype=FLOAT)
    above, below = (evaluate(family, theta_P + sign * step_PP, x_ND) for sign in (1, -1))
    torch.testing.assert_close((above - below) / 2e-5, J_LPON[0], rtol=1e-6, atol=1e-7)


def symbolic_network(family: Family, theta_P: list[sp.Symbol], x: list[sp.Symbol]) -> sp.Expr:
    """The formulas of docs/theory.md, section 1, written out once more."""
    cursor = iter(theta_P)
    width, size = family.width, len(family.basis)
    s = [ACTIVATIONS[name] for name in family.basis]

    def maps(count: int) -> list[sp.Expr]:
        rows = [[next(cursor) for _ in (*x, 1)] for _ in range(count)]
        return [sp.Add(*[c * t for c, t in zip(row, (*x, 1), strict=True)]) for row in rows]

    z = maps(width)
    y = z if family.neuron == "type1" else maps(width)
    logits = [maps(family.coefficients) if family.gate else [] for _ in range(family.sides)]
    a = [next(cursor) for _ in range(width)]
    sides = []
    for h in logits:
        scale = [next(cursor) for _ in range(family.coefficients)]
        gates = (
            [GATES[family.gate.name].expression(h, k) for k in range(len(h))]
            if family.gate
            else [sp.Integer(1)] * len(scale)
        )
        sides.append([c * g for c, g in zip(scale, gates, strict=True)])
    assert next(cursor, None) is None

    def mix(side: int, argument: sp.Expr) -> sp.Expr:
        return sp.Add(*[c * s_k(argument) for c, s_k in zip(sides[side], s, strict=True)])

    def neuron(j: int) -> sp.Expr:
        match family.neuron:
            case "type1":
                return mix(0, z[j])
            case "one_sided":
                return mix(0, z[j]) * y[j]
            case "two_sided":
                return mix(0, z[j]) * mix(1, y[j])
            case "quadratic":
                pairs = itertools.product(range(size), repeat=2)
                terms = [sides[0][size * k + i] * s[k](z[j]) * s[i](y[j]) for k, i in pairs]
                return sp.Add(*terms)

    return sp.Add(*[a[j] * neuron(j) for j in range(width)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gate", [None, *GATES])
def test_values_and_jacobian_are_the_symbolic_ones(form, gate):
    family = Family(
        kind=Kind.LA if gate is None else Kind.MOA,
        neuron=form,
        width=2,
        dimension=1,
        dictionary=("relu2", "tanh"),
        gate=None if gate is None else GateSpec(name=gate),
    )
    theta_1P, x_ND = lanes(family, 1), nodes(3, 1)
    f_LON, J_LPON = values_and_jacobian(family, theta_1P, x_ND)
    symbols = list(sp.symbols(f"p0:{parameter_length(family)}", real=True))
    x = sp.Symbol("x", real=True)
    expression = symbolic_network(family, symbols, [x])
    numbers = {**dict(zip(symbols, theta_1P[0], strict=True)), x: x_ND[:, 0]}
    value = interpret(expression, numbers, TORCH)
    torch.testing.assert_close(f_LON[0, 0], value, rtol=1e-11, atol=1e-13)
    for row_N, symbol in zip(J_LPON[0, :, 0], symbols, strict=True):
        slope = interpret(sp.diff(expression, symbol), numbers, TORCH)
        torch.testing.assert_close(row_N, slope.expand(3), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("outputs", [1, 2])
def test_spatial_gradient_is_reverse_mode(outputs):
    x_ND = nodes(5, 2)
    for family in families(outputs=outputs):
        theta_LP = lanes(family, 3)
        f_LON, g_LOND = evaluate_with_gradient(family, theta_LP, x_ND)
        assert torch.equal(f_LON, evaluate(family, theta_LP, x_ND))

        def at(x_D: Tensor, family: Family = family, theta_LP: Tensor = theta_LP) -> Tensor:
            return evaluate(family, theta_LP, x_D[None])[..., 0]

        expected = torch.stack([torch.func.jacrev(at)(x_D) for x_D in x_ND], 2)
        torch.testing.assert_close(g_LOND, expected, rtol=1e-9, atol=1e-10, msg=label(family))


@every_family
def test_rows_of_the_gradient_are_derivatives_of_the_gradient(family):
    theta_1P, x_ND = lanes(family, 1), nodes(3, 2)
    network = with_gradient(network_function(Structure.of(family)))
    _, groups = network(coordinates(x_ND), tuple(unpack(family, theta_1P).values()))
    J_POSN = torch.cat(groups, 1)[0].unflatten(-1, (3, 3))

    def gradient(theta_P: Tensor) -> Tensor:
        f_LON, g_LOND = evaluate_with_gradient(family, theta_P[None], x_ND)
        return torch.cat([f_LON[0][..., None], g_LOND[0]], -1)

    expected_ONSP = torch.func.jacrev(gradient)(theta_1P[0])
    expected = expected_ONSP.permute(3, 0, 2, 1)
    torch.testing.assert_close(J_POSN, expected, rtol=1e-9, atol=1e-9)


@every_family
def test_pack_and_unpack_are_inverse(family):
    theta_LP = lanes(family, 4)
    blocks = unpack(family, theta_LP)
    assert {name: tuple(block.shape[1:]) for name, block in blocks.items()} == dict(family.shapes)
    assert torch.equal(pack(family, blocks), theta_LP)
    assert torch.equal(pack(family, dict(reversed(blocks.items()))), theta_LP)


@every_family
def test_a_batch_is_a_loop_of_singles_bit_for_bit(family):
    # torch.sigmoid alone rounds differently in the last, partly filled vector of its loop: whole
    # vectors for it, and a part of one for all others
    sigmoid = family.gate is not None and family.gate.name == "sigmoid"
    theta_LP, x_ND = lanes(family, 6), nodes(16 if sigmoid else 13, 2)
    f_LON, J_LPON = values_and_jacobian(family, theta_LP, x_ND)
    for lane in range(6):
        f_1ON, J_1PON = values_and_jacobian(family, theta_LP[lane : lane + 1], x_ND)
        assert torch.equal(f_LON[lane], f_1ON[0])
        assert torch.equal(J_LPON[lane], J_1PON[0])


@every_family
def test_permuting_neurons_permutes_rows_only(family):
    theta_LP, x_ND = lanes(family, 2), nodes(6, 2)
    order = torch.tensor([2, 0, 1])
    blocks = unpack(family, theta_LP)
    neuron_axis = {"w": 1, "v": 1, "a": 2}
    permuted = {
        name: block.index_select(neuron_axis[name], order) if name in neuron_axis else block
        for name, block in blocks.items()
    }
    f_LON, J_LPON = values_and_jacobian(family, theta_LP, x_ND)
    g_LON, K_LPON = values_and_jacobian(family, pack(family, permuted), x_ND)
    torch.testing.assert_close(g_LON, f_LON, rtol=1e-12, atol=1e-12)
    # the row numbers, permuted as the parameters are
    rows_1P = torch.arange(parameter_length(family))[None]
    numbered = {
        name: block.index_select(neuron_axis[name], order) if name in neuron_axis else block
        for name, block in unpack(family, rows_1P).items()
    }
    moved = pack(family, numbered)[0]
    torch.testing.assert_close(K_LPON, J_LPON[:, moved], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "degree"), [("relu", 1), ("relu2", 2), ("leaky_relu", 1)])
@pytest.mark.parametrize("form", FIXED_FORMS)
def test_homogeneous_rescaling_leaves_the_function_unchanged(name, degree, form):
    family = Family(kind=Kind.FIXED, neuron=form, width=3, dimension=2, dictionary=(name,))
    theta_LP, x_ND = lanes(family, 2), nodes(6, 2)
    factor_M = torch.tensor([0.5, 3.0, 7.0], dtype=FLOAT)
    blocks = unpack(family, theta_LP)
    scaled = {**blocks, "w": blocks["w"] * factor_M[:, None], "a": blocks["a"] / factor_M**degree}
    torch.testing.assert_close(
        evaluate(family, pack(family, scaled), x_ND), evaluate(family, theta_LP, x_ND)
    )


@pytest.mark.parametrize("gate", [None, *GATES])
@pytest.mark.parametrize("form", ["two_sided", "quadratic"])
def test_the_two_sides_can_be_swapped(form, gate):
    spec = None if gate is None else GateSpec(name=gate)
    kind = Kind.LA if gate is None else Kind.MOA
    family = Family(kind=kind, neuron=form, width=2, dimension=2, gate=spec)
    theta_LP, x_ND = lanes(family, 2), nodes(6, 2)
    blocks = unpack(family, theta_LP)
    swapped = {**blocks, "w": blocks["v"], "v": blocks["w"]}
    for name in blocks:
        if form == "two_sided" and name[-1] in "01":
            swapped[name] = blocks[name[:-1] + ("1" if name[-1] == "0" else "0")]
        if form == "quadratic" and name in ("scale0", "u0"):
            swapped[name] = blocks[name].unflatten(1, (7, 7)).transpose(1, 2).flatten(1, 2)
    torch.testing.assert_close(
        evaluate(family, pack(family, swapped), x_ND), evaluate(family, theta_LP, x_ND)
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gate", list(GATES))
def test_constant_gates_give_every_la_network(form, gate):
    # docs/theory.md, section 2: the maps behind PROVED
    la = Family(kind=Kind.LA, neuron=form, width=2, dimension=2)
    moa = Family(kind=Kind.MOA, neuron=form, width=2, dimension=2, gate=GateSpec(name=gate))
    theta_LP, x_ND = lanes(la, 3), nodes(6, 2)
    blocks = unpack(la, theta_LP)
    for side in range(la.sides):
        scale_LK, u_LKE = blocks[f"scale{side}"], torch.zeros(3, la.coefficients, 3, dtype=FLOAT)
        if gate == "tanh":
            factor = 2 * scale_LK.abs().max()
            u_LKE[:, :, -1] = torch.atanh(scale_LK / factor)
            blocks[f"scale{side}"] = torch.ones_like(scale_LK)
            blocks["a"] = blocks["a"] * factor
        else:
            blocks[f"scale{side}"] = scale_LK * (2 if gate == "sigmoid" else la.coefficients)
        blocks[f"u{side}"] = u_LKE
    torch.testing.assert_close(evaluate(moa, pack(moa, blocks), x_ND), evaluate(la, theta_LP, x_ND))


def test_fixed_and_la_share_a_structure():
    fixed = Family(kind=Kind.FIXED, neuron="one_sided", width=1, dimension=3, dictionary=("silu",))
    la = Family(kind=Kind.LA, neuron="one_sided", width=4, dimension=1, bias=False)
    assert Structure.of(fixed, shared=True) == Structure.of(la) == Structure.of(la, shared=True)
    assert Structure.of(fixed) != Structure.of(la)
    structures = {Structure.of(family) for family in families()}
    structures |= {Structure.of(family, shared=True) for family in families()}
    assert len({structure.label for structure in structures}) == len(structures)
    assert all(structure.label.isidentifier() for structure in structures)


@pytest.mark.parametrize("name", FULL_DICTIONARY)
def test_a_fixed_network_is_the_one_over_the_whole_dictionary(name):
    """Its one activation alone gives the same values, and the same rows where it learns."""
    for neuron in ("type1", "one_sided"):
        family = Family(kind="fixed", neuron=neuron, width=3, dimension=2, dictionary=(name,))
        blocks = tuple(unpack(family, lanes(family, 2)).values())
        x_EN = coordinates(nodes(5, 2))
        alone, whole = (
            network_function(Structure.of(family, shared=shared))(x_EN, blocks)
            for shared in (False, True)
        )
        torch.testing.assert_close(alone[0], whole[0], rtol=1e-14, atol=1e-14)
        for one, other in zip(alone[1][:-1], whole[1][:-1], strict=True):
            torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)
        place = family.basis.index(name)
        torch.testing.assert_close(alone[1][-1][:, place], whole[1][-1][:, place])
        assert alone[1][-1].shape == whole[1][-1].shape
        assert alone[1][-1].count_nonzero() <= alone[1][-1][:, place].numel()


def test_a_fixed_network_evaluates_no_other_activation(monkeypatch):
    called: list[tuple[str, ...]] = []

    def listed(basis: tuple[Activation, ...], z: Tensor, *, dim: int) -> tuple[Tensor, Tensor]:
        called.append(tuple(activation.name for activation in basis))
        return stack_dictionary(basis, z, dim=dim)

    monkeypatch.setattr(networks, "stack_dictionary", listed)
    family = Family(kind="fixed", neuron="type1", width=1, dimension=1, dictionary=("gelu",))
    evaluate(family, lanes(family, 1), nodes(3, 1))
    assert called == [("gelu",)]


def test_a_fixed_network_is_its_formula():
    family = Family(kind=Kind.FIXED, neuron="one_sided", width=2, dimension=1, dictionary=("id",))
    blocks = unpack(family, lanes(family, 1))
    blocks["w"][0] = torch.tensor([[2.0, 1.0], [0.0, 3.0]])
    blocks["v"][0] = torch.tensor([[1.0, -1.0], [5.0, 0.0]])
    blocks["a"][0] = torch.tensor([[1.0, -1.0]])
    f_LON = evaluate(family, pack(family, blocks), torch.tensor([[2.0], [-1.0]], dtype=FLOAT))
    # (2x + 1)(x - 1) - 3 (5x)
    assert f_LON.flatten().tolist() == [5.0 - 30.0, 2.0 + 15.0]
