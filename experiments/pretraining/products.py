"""The fastest float32 arithmetic of a CPU for small transformers."""

import functools
from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextmanager
def fast_products(device: str) -> Generator[None]:
    """Let float32 products on the CPU take oneDNN's kernels, if those compute in float32.

    torch takes them only where less precision is allowed ("medium"). On processors without
    bfloat16 matrix units they are float32 all the same, and on some several times faster than
    the default library. Whether that is so here is measured, not assumed; if not, nothing
    changes. Attention is then spelled out, as the fused kernel's many small products become
    slower.
    """
    before = torch.get_float32_matmul_precision()
    if device != "cpu" or before != "highest" or not float32_at("medium"):
        yield
        return
    torch.set_float32_matmul_precision("medium")
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


@functools.cache
def float32_at(precision: str) -> bool:
    """Whether products on the CPU at this setting of torch have the errors of float32."""
    before = torch.get_float32_matmul_precision()
    generator = torch.Generator().manual_seed(0)
    torch.set_float32_matmul_precision(precision)
    try:
        pairs = [
            (
                torch.randn(rows, inner, generator=generator),
                torch.randn(inner, columns, generator=generator),
            )
            for rows, inner, columns in ((4096, 128, 344), (128, 4096, 344), (512, 256, 7))
        ]
        return all(is_float32(a @ b, a, b) for a, b in pairs)
    finally:
        torch.set_float32_matmul_precision(before)


def is_float32(product: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether a product of random matrices is as near as float32 comes.

    The bound is 32 u |A| |B| with u = 2^-24, between what rounding errors of either sign add up
    to and u = 2^-9 of bfloat16.

    >>> a = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    >>> is_float32(a @ a, a, a), is_float32((a.bfloat16() @ a.bfloat16()).float(), a, a)
    (True, False)
    """
    error = (product.double() - a.double() @ b.double()).abs()
    return bool((error <= 32 * 2**-24 * (a.abs() @ b.abs()).double()).all())
