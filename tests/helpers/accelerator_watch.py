"""An accelerator without one: tensors on ``meta``, with what would wait for a device recorded.

A tensor on ``meta`` has no values, so whatever reads one raises, except copies to the CPU: they
are answered by a function of the test, and counted. Operands on two devices are mistakes, unless
one of them is a number in a tensor, which torch passes to a kernel by value.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

COPIES = ("aten::_to_copy", "aten::copy_")


class AcceleratorWatch(TorchDispatchMode):
    """Runs code on ``meta`` as an accelerator would.

    Args:
        answer: (the tensor on ``meta``) -> what a copy to the CPU returns.
    """

    def __init__(self, answer: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.answer = answer
        self.reads: list[torch.Size] = []
        self.uploads: list[torch.Size] = []
        self.mixed: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if func.name() in COPIES:
            source, wanted = tensors[-1], torch.device(kwargs.get("device") or tensors[0].device)
            if source.device.type == "meta" and wanted.type == "cpu":
                self.reads.append(source.shape)
                return self.answer(source)
            if source.device.type == "cpu" and wanted.type == "meta":
                self.uploads.append(source.shape)
        elif len({t.device.type for t in tensors if t.dim()}) > 1:
            self.mixed.append(func.name())
        return func(*args, **kwargs)
