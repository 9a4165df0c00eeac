"""Figures of answers."""

import io
from typing import TYPE_CHECKING, Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

if TYPE_CHECKING:
    from expressivity.front.answers import Fit

_POINTS = {1: 401, 2: 121}


class _Picture(Figure):
    """A figure that a notebook shows, whatever its backend is."""

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, format="png", dpi=80)
        return content.getvalue()


def plot_fit(fit: "Fit") -> Figure:
    """Target, fit and error on the square or interval around the domain; outside it nothing.

    Raises:
        ValueError: neither one nor two dimensions.
    """
    dimension = fit.family.dimension
    if dimension not in _POINTS:
        raise ValueError(f"required: one or two dimensions to plot; got {dimension}")
    line = torch.linspace(-1.0, 1.0, _POINTS[dimension], dtype=torch.float64)
    if dimension == 1:
        return _curves(fit, line)
    return _maps(fit, line)


def _curves(fit: "Fit", x_N: Tensor) -> Figure:
    figure = _Picture(figsize=(9, 3.2), layout="constrained")
    above, below = figure.subplots(1, 2)
    wanted_N, found_N = fit.target.values(x_N[:, None]).numpy(), fit(x_N).numpy()
    above.plot(x_N.numpy(), wanted_N, label=fit.target.name)
    above.plot(x_N.numpy(), found_N, "--", label=fit.family.label)
    above.legend()
    below.plot(x_N.numpy(), found_N - wanted_N)
    below.set_title("fit - target")
    for axes in (above, below):
        axes.set_xlabel("x")
    return figure


def _maps(fit: "Fit", x_N: Tensor) -> Figure:
    figure = _Picture(figsize=(11, 3.4), layout="constrained")
    x2_NN, x1_NN = torch.meshgrid(x_N, x_N, indexing="ij")
    nodes_ND = torch.stack([x1_NN.flatten(), x2_NN.flatten()], 1)
    inside_N = torch.as_tensor(fit.target.domain.contains(nodes_ND.numpy()))
    wanted_N, found_N = fit.target.values(nodes_ND), fit(nodes_ND)
    panels: Any = figure.subplots(1, 3)
    for axes, title, values_N in zip(
        panels,
        (fit.target.name, fit.family.label, "fit - target"),
        (wanted_N, found_N, found_N - wanted_N),
        strict=True,
    ):
        shown_NN = values_N.where(inside_N, torch.nan).view_as(x1_NN).numpy()
        image = axes.pcolormesh(
            x_N.numpy(), x_N.numpy(), shown_NN, shading="nearest", rasterized=True
        )
        axes.set(title=title, aspect="equal", xlabel="x1", ylabel="x2")
        figure.colorbar(image, ax=axes)
    return figure
