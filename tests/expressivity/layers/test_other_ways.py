"""Layers that may do something between the parts of a block in another run.

Kinds: negative (each conversion would change what the layer computes then, in silence), property
(a shared activation is no obstacle).
"""

import pytest
import torch
from blocks_by_hand import D, Gated, M, assert_close, assert_refused, model_of, outputs, replaced
from torch import nn

torch.set_num_threads(1)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(D, M), nn.SiLU(), nn.Linear(M, D)


class Usual(Layer):
    def forward(self, x):
        return x + self.fc2(self.act(self.fc1(x)))


class Masked(Layer):
    def forward(self, x, mask=None):
        h = self.act(self.fc1(x))
        if mask is not None:
            h = h * mask
        return x + self.fc2(h)


class Skipping(Layer):
    def forward(self, x):
        h = self.fc1(x)
        if len(x) < 100:
            h = self.act(h)
        return x + self.fc2(h)


class Looping(Layer):
    def forward(self, x):
        h = self.fc1(x)
        for _ in range(1 + len(x) // 100):
            h = self.act(h)
        return x + self.fc2(h)


class Helping(Layer):
    def first(self, x):
        return self.act(self.fc1(x))

    def forward(self, x, mask=None):
        h = self.first(x)
        return x + self.fc2(h if mask is None else h * mask)


class Inside(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(M, D)

    def forward(self, h, mask=None):
        if mask is not None:
            h = h * mask
        return self.fc(h)


class Deeper(Layer):
    def __init__(self):
        super().__init__()
        self.fc2 = Inside()

    def forward(self, x, mask=None):
        return x + self.fc2(self.act(self.fc1(x)), mask)


def elsewhere(layer, x):
    return layer.fc2(x)


class ByFunction(Layer):
    def forward(self, x, memory=None):
        return x + self.fc2(self.act(self.fc1(x))) if memory is None else elsewhere(self, memory)


class ByAttribute(Layer):
    def __init__(self):
        super().__init__()
        self.other = lambda z: self.fc2(z)

    def forward(self, x, memory=None):
        return x + self.fc2(self.act(self.fc1(x))) if memory is None else self.other(memory)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Masked, "whose code may go other ways at fc1 and fc2"),
        (Skipping, "whose code may go other ways at fc1 and fc2"),
        (Looping, "whose code may go other ways at fc1 and fc2"),
        (Helping, "whose code uses fc1 and fc2 in 2 functions"),
        (Deeper, "whose code may go other ways at fc"),
        (ByFunction, "whose code uses fc2 in 2 places"),
        (ByAttribute, "whose code uses fc2 in 2 places"),
    ],
)
def test_layers_with_other_ways(layer, message):
    assert_refused(model_of(Gated(), layer()), message)


def test_an_activation_that_layers_share():  # Flaubert
    layers = [Usual(), Usual()]
    for layer in layers:
        layer.act = layers[0].act
    model = model_of(*layers)
    expected = outputs(model, False)
    assert replaced(model) == 2
    assert_close(outputs(model, False), expected)
