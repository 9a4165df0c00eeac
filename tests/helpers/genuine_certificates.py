"""Genuine certificates of every schema and method, and an oracle of their claims.

The oracle works in float64, with numpy alone: a network that is closer than a lower bound says, or
points where the error is larger than an upper bound says.
"""

import math
from functools import cache

import numpy as np
from certificates_by_hand import (
    TARGET,
    certificate,
    claim,
    exact_network,
    family,
    half_plane,
    lower_certificate,
    seal,
    search_certificate,
    search_minimum,
    to_hex,
    upper_certificate,
    zernike_moments,
)

from expressivity.checker.reading import hexadecimal

OBLIQUE = "tanh(3*x1-x2)*relu(x1+x2)"
PLANE = {
    TARGET: half_plane,
    OBLIQUE: lambda x, y: np.tanh(3 * x - y) * np.maximum(x + y, 0),
    "x1*x2": lambda x, y: x * y,
    "relu(x1+2**0.5*x2)*x1": lambda x, y: np.maximum(x + math.sqrt(2) * y, 0) * x,
}
KINK = {"abs(x)": 1.0, "2*abs(x)": 2.0, "abs(x)/3": 1 / 3}


def genuine():
    """One file of each kind; a /1 and a /3 among them."""
    first = lower_certificate(TARGET, half_plane, width=2, degree=8)
    rows = len(first["data"]["ridge_rank"].pop("row_weights"))
    del first["data"]["ridge_rank"]["column_weights"]
    first["data"]["ridge_rank"]["rows"] = rows
    oblique = lower_certificate(OBLIQUE, PLANE[OBLIQUE], width=1, degree=8)
    # The quadrature does not know of the kink, and errs.
    oblique["lower_bound"]["l2"]["value"] = "0.28"
    oblique["data"]["ridge_rank"]["shift"] = to_hex(
        float(hexadecimal(oblique["data"]["ridge_rank"]["shift"], "shift")) + 1e-4
    )
    third = upper_certificate("5e-3", exact_network(1.99, 1.001))
    third["schema"] = "expressivity.certificate/3"
    third["upper_bound"]["sup"] = claim("0.02", "network-error")["l2"]
    gradient = claim("0.05", "network-error")["l2"] | {"relative": False}
    third["upper_bound"]["w1inf"] = gradient
    third["data"]["place"] = ["0x1p-1", "0x3p-2"]
    bent = claim("0.004", "curvature")
    bent["l2"]["curvature"] = "10"
    bumps = [["0x0p+0", "0x1p-4"]]
    of = family(dictionary=["tanh"]) | {"width": None}
    return [
        seal(first | {"schema": "expressivity.certificate/1"}),
        seal(oblique),
        search_certificate("0.6", 1, 6),
        seal(third),
        certificate("abs(x)", "interval", of, lower=bent, curvature={"bumps": bumps}),
    ]


@cache
def ridge_distance(expression, width):
    """A relative distance that sums of ridges, hence networks of the class, come near to."""
    f, degree = PLANE[expression], 16
    moments, norm2 = zernike_moments(f, degree)
    seen = sum(math.pi / (n + 1) * abs(g) ** 2 for (n, _), g in moments.items())
    near = search_minimum(f, width, degree)
    return math.sqrt(near**2 + max(0.0, 1 - seen / norm2)) + 1e-5


def network_values(document, x, y):
    """A type1 network, gated by tanh or not at all, at points."""
    of, blocks = document["family"], document["data"]["network"]
    number = np.vectorize(lambda text: float(int(t[0], 16)) * 2.0 ** int(t[1])
                          if (t := text.split("p")) else 0.0)  # fmt: skip
    w, a, scale = (number(np.array(blocks[name])) for name in ("w", "a", "scale0"))
    assert of["form"] == "type1" and of["groups"] == 1
    gates = np.ones((len(scale), len(x)))
    if of["gate"] is not None:
        u = number(np.array(blocks["u0"]))
        logits = u[:, :1] * x + u[:, 1:2] * y + u[:, 2:]
        gates = {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[of["gate"]["name"]](
            logits
        )
    functions = {
        "id": lambda z: z,
        "relu": lambda z: np.maximum(z, 0),
        "relu2": lambda z: np.maximum(z, 0) ** 2,
        "leaky_relu": lambda z: np.maximum(z, z / 100),
        "gelu": lambda z: z * (1 + np.vectorize(math.erf)(z / math.sqrt(2))) / 2,
        "silu": lambda z: z / (1 + np.exp(-z)),
        "tanh": np.tanh,
    }
    total = np.zeros(len(x))
    for row, outer in zip(w, a, strict=True):
        z = row[0] * x + row[1] * y + row[2]
        for name, c, gate in zip(of["dictionary"], scale, gates, strict=True):
            total += outer * c * gate * functions[name](z)
    return total


def pointwise(document):
    """Errors in L2 and sup, relative, and of the gradient, from points and differences."""
    f, step = PLANE[document["target"]["expression"]], 1e-6
    rng = np.random.default_rng(1)
    radius, phi = np.sqrt(rng.random(4000)) * 0.999, rng.random(4000) * 2 * math.pi
    x, y = radius * np.cos(phi), radius * np.sin(phi)

    def error(x, y):
        return f(x, y) - network_values(document, x, y)

    along = [(error(x + p, y + q) - error(x - p, y - q)) / (2 * step)
             for p, q in ((step, 0), (0, step))]  # fmt: skip
    # Points beside a kink tell nothing of a derivative: the largest few are left out.
    slopes = np.sort(np.hypot(*along))[:-40]
    values = f(x, y)
    return {
        "l2": np.sqrt(np.mean(error(x, y) ** 2) / np.mean(values**2)) * 0.97,
        "sup": np.max(abs(error(x, y))) / max(np.max(abs(values)), 1e-300) * 0.999,
        "w1inf": slopes[-1] * 0.999,
    }


def is_false(document):
    """Whether some claim of the file is refuted."""
    expression, lower = document["target"]["expression"], document["lower_bound"]
    if lower is not None:
        value = float(lower["l2"]["value"])
        if document["domain"] == "interval":
            # abs(x), with a parabola of this curvature in the middle, is as close as this.
            bent = float(lower["l2"]["curvature"]) / KINK[expression]
            return bent >= 1 and value > math.sqrt(0.15 / bent**3)
        return value > ridge_distance(expression, document["family"]["width"])
    measured = pointwise(document)
    return any(float(c["value"]) < measured[norm] for norm, c in document["upper_bound"].items())
