"""Pairs of classes with what is right of them, derived by hand before the code was written.

Biases on, dimensions 1 to 3, unions over all widths.
"""

EQUAL = {
    ("prelu", "relu"): "PReLU(z) = ReLU(z) - slope ReLU(-z); slope 0",
    (
        "relu",
        "leaky-relu",
    ): "ReLU(z) = (L(z) + eta L(-z))/(1 - eta^2), L(z) = ReLU(z) - eta ReLU(-z)",
    ("maxout-2", "relu"): "max(z, y) = y + ReLU(z - y), y = ReLU(y) - ReLU(-y); max(z, 0)",
    ("apl", "relu"): "a sum of hinges; its own hinges with slope 0",
    ("prelu-shared", "relu"): "as prelu: one slope, 0, is enough",
    ("swish-beta", "silu"): "silu(beta z)/beta, and z/2 for beta = 0; beta = 1",
}
INSIDE = {
    ("fixed", "la"): "unit vectors; ReLU + ReLU^2 (T1)",
    ("la", "moa"): "constant gates; T2",
    ("relu", "reglu"): "second factor 1; ReLU(x) x is no piecewise affine function",
    ("reglu", "la-one-sided"): "a unit vector; tanh(x) x is no piecewise polynomial",
    ("bilinear", "relu2"): "z y = ((z+y)^2 - (z-y)^2)/4, t^2 = R(t) + R(-t); R is no polynomial",
    ("bilinear", "slaf"): "the same with squares; x^3 has another degree",
    ("relu2", "reglu"): "ReLU(z) z; ReLU is not C^1",
    ("la-one-sided", "moa-one-sided"): "constant gates; T4",
    ("relu", "maxout-3"): "max(z, 0, 0); max(0, x1, x2) has a jump that is not constant (T10)",
    ("silu", "swiglu"): "second factor 1; silu(x) x grows faster than linearly",
    ("moa", "moa-tanh-neuron"): "copies of the gates; T6",
}
INCOMPARABLE = {
    ("relu", "gelu"): "a kink; no piecewise polynomial",
    ("relu", "tanh"): "a kink, growth; no piecewise polynomial",
    ("reglu", "moa"): "T7: x3 ReLU(x1) + ReLU(x2); T2",
}
OPEN = {
    ("moa-tanh", "moa-sigmoid"): "tanh = 2 sigmoid - 1 asks for a constant gate beside each",
    ("moa-sigmoid", "moa-softmax"): "neither one's gates are the other's",
    ("la-two-sided", "la-quadratic"): "inside; sums of shared rank one against a shared matrix",
    ("abu-affine", "abu"): "inside; vectors of sum 0 cannot be scaled to sum 1",
    ("abu-simplex", "abu-affine"): "inside; negative coefficients might be undone at more width",
}
"""One direction at least for which no proof is known here."""
