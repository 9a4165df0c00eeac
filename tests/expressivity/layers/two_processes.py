"""Run by two processes: layers under DDP, FSDP2 and tensor parallelism give what one gives.

Usage: torchrun --nproc-per-node 2 two_processes.py OUT.json
"""

import copy
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.parallel import parallelize_module
from torch.nn.parallel import DistributedDataParallel

from expressivity.classes.families import Family
from expressivity.layers import FeedForward
from expressivity.layers.tensor_parallel import tensor_parallel_plan

FAMILIES = {
    "fixed": Family(kind="fixed", neuron="one_sided", width=8, dimension=4, outputs=4,
                    dictionary=("silu",)),
    "la": Family(kind="la", neuron="two_sided", width=8, dimension=4, outputs=4, groups=2),
    "moa": Family(kind="moa", neuron="two_sided", width=8, dimension=4, outputs=4, gate="softmax"),
    "type1": Family(kind="moa", neuron="type1", width=8, dimension=4, outputs=4, gate="tanh"),
    "grouped": Family(
        kind="moa", neuron="one_sided", width=8, dimension=4, outputs=4, gate="sigmoid", groups=4
    ),
    "own": Family(kind="fixed", neuron="xielu", width=8, dimension=4, outputs=4),
}  # fmt: skip


def layer_of(family: Family) -> FeedForward:
    torch.manual_seed(0)
    layer = FeedForward(family).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.3 * torch.rand_like(parameter))
    return layer


def whole(value: Tensor) -> Tensor:
    return value.full_tensor() if isinstance(value, DTensor) else value


def results(layer: nn.Module, x: Tensor, weight: float = 1.0) -> dict[str, Tensor]:
    x = x.clone().requires_grad_()
    y = layer(x)
    (weight * whole(y).square().sum()).backward()
    found = {name: whole(p.grad) for name, p in layer.named_parameters()}
    return {"y": whole(y).detach(), "x": x.grad / weight, **found}


def distances(found: dict[str, Tensor], expected: dict[str, Tensor]) -> dict[str, float]:
    assert found.keys() == expected.keys()
    return {
        name: float((found[name] - value).abs().max() / value.abs().max())
        for name, value in expected.items()
    }


def main() -> None:
    dist.init_process_group("gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    mesh = init_device_mesh("cpu", (size,))
    x = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    own = x[rank::size]
    found: dict[str, object] = {"processes": size}
    for name, family in FAMILIES.items():
        layer = layer_of(family)
        expected = results(copy.deepcopy(layer), x)
        there = {**expected, **{key: expected[key][rank::size] for key in ("x", "y")}}
        # Both take the mean over processes of what is here a sum.
        ddp = DistributedDataParallel(copy.deepcopy(layer))
        data = results(ddp, own, weight=size)
        data = {key.removeprefix("module."): value for key, value in data.items()}
        sharded = fully_shard(copy.deepcopy(layer), mesh=mesh)
        split = nn.Sequential(copy.deepcopy(layer))
        parallelize_module(split, mesh, tensor_parallel_plan(split))
        tensor = {key.removeprefix("0."): value for key, value in results(split, x).items()}
        shards = {n[2:]: list(p.to_local().shape) for n, p in split.named_parameters()
                  if isinstance(p, DTensor)}  # fmt: skip
        found[name] = {
            "ddp": distances(data, there),
            "fsdp": distances(results(sharded, own, weight=size), there),
            "tensor": distances(tensor, expected),
            "shards": shards,
        }
    odd = FeedForward(replace(FAMILIES["la"], width=6, groups=3))
    try:
        parallelize_module(odd, mesh, tensor_parallel_plan(odd))
    except ValueError as error:
        found["refusal"] = str(error)
    if rank == 0:
        Path(sys.argv[1]).write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
