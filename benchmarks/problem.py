"""The problem that every peer fits: t2 with lambda = 2, and the same random starts for all.

Run as ``python -m benchmarks.problem FILE.npz --seed 0 --restarts 64`` it writes the file that
the peers read. Shape letters: R restarts, P parameters (32), N nodes, K activations, E = d + 1.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import unpack
from expressivity.fitting import random_starts
from expressivity.fitting.errors import fit_samples, measuring_grid
from expressivity.targets.builtin import t2

TARGET = t2(2.0)
FAMILY = Family(kind=Kind.MOA, neuron="type1", width=1, dimension=2, gate=GateSpec(name="tanh"))


def to_peers(theta_RP: Tensor) -> Tensor:
    """Packed lanes (w with b, u with e, a, scale) in the peers' order w, b, u, e, a, scale.

    >>> to_peers(torch.arange(32)[None])[0, :8].tolist()
    [0, 1, 2, 3, 4, 6, 7, 9]
    """
    blocks = unpack(FAMILY, theta_RP)
    w_R1E, u_RKE = blocks["w"], blocks["u0"]
    linear_RKD, bias_RK = u_RKE[..., :-1], u_RKE[..., -1]
    pieces = (w_R1E, linear_RKD, bias_RK, blocks["a"], blocks["scale0"])
    return torch.cat([piece.flatten(1) for piece in pieces], 1)


def from_peers(starts_RP: Tensor) -> Tensor:
    """The inverse of :func:`to_peers`.

    >>> theta = torch.arange(64).reshape(2, 32)
    >>> bool((from_peers(to_peers(theta)) == theta).all())
    True
    """
    order_P = to_peers(torch.arange(starts_RP.shape[1])[None])[0]
    return starts_RP[:, order_P.argsort()]


def write_problem(path: Path, *, seed: int, restarts: int) -> None:
    """Write fit rule, measuring rule and starts; the starts are not screened."""
    starts_RP = random_starts(FAMILY, seed=seed, restarts=restarts)
    samples, grid = fit_samples(TARGET, gradient=False), measuring_grid(TARGET)
    arrays = {
        "nodes": samples.nodes_ND,
        "weights": samples.weights_N,
        "values": samples.values_NO[:, 0],
        "fine_nodes": grid.nodes_ND,
        "fine_weights": grid.weights_N,
        "fine_values": grid.values_N,
        "starts": to_peers(starts_RP),
    }
    np.savez(path, **{name: tensor.numpy() for name, tensor in arrays.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the problem that the peers fit.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--restarts", type=int, default=64)
    read = parser.parse_args()
    try:
        write_problem(read.path, seed=read.seed, restarts=read.restarts)
    except ValueError as error:  # numbers that no machine is asked for
        sys.exit(str(error))


if __name__ == "__main__":
    main()
