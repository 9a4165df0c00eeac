"""Certificates that a proof kernel checks: where the commands find who writes and checks them.

A package above this one registers one under the group ``expressivity.kernels``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from expressivity.classes.families import Family
from expressivity.registry import Registry, of_type


@dataclass(frozen=True, kw_only=True)
class KernelAnswer:
    """What became of a certificate.

    Attributes:
        outcome: ``verified``, ``rejected`` or ``not decided``.
        reason: what is proved, or why nothing is, in one line.
        text: the certificate's own text where it is verified, else None.
    """

    outcome: str
    reason: str
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class KernelCertifier:
    """A writer and checker of certificates.

    Attributes:
        name: of the kernel.
        certify: finds, writes and has the kernel check a certificate that no network of a class,
            of any width, is the expression; raises ValueError for what cannot be stated.
        check: has the kernel check the text of a file; raises ValueError for a foreign one.
    """

    name: str
    certify: Callable[[str, Family], KernelAnswer]
    check: Callable[[str], KernelAnswer]


KERNELS: Registry[KernelCertifier] = Registry(
    "kernel", group="expressivity.kernels", check=of_type(KernelCertifier)
)


def kernel() -> KernelCertifier:
    """The one of this package; those of others are not asked, as the answer would be their word.

    Raises:
        ValueError: this package comes without one.
    """
    foreign = KERNELS.foreign()
    own = [name for name in KERNELS if name not in foreign]
    if not own:
        raise ValueError("required: a proof kernel; none is registered: install the whole package")
    return KERNELS[own[0]]
