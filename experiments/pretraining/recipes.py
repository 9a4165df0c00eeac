"""Complete configurations, each a function of the feed-forward layers.

Sizes count parameters of the model with two-sided MoA layers; the other kinds differ by the
gates, some tenths of a percent.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from experiments.pretraining.model import ModelConfig
from experiments.pretraining.moe import Experts
from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind, kinds_of
from expressivity.classes.neurons import NEURONS
from expressivity.classes.specialisation import fixed_form
from expressivity.layers.initialisation import Initialisation, Mixture
from expressivity.layers.optimising import GATE_DECAY, GATE_RATE
from expressivity.registry import Registry, a_function


class Optimizer(StrEnum):
    """What updates the hidden matrices; AdamW updates everything else."""

    ADAMW = "adamw"
    MUON = "muon"


class Schedule(StrEnum):
    """How the rate goes after the warm-up: down a cosine, or stable and then down a line."""

    COSINE = "cosine"
    WSD = "wsd"


class Precision(StrEnum):
    """Of the forward and backward pass; weights and their updates are float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Compile(StrEnum):
    """What torch compiles: nothing, every block by itself, or the whole model."""

    NONE = "none"
    BLOCKS = "blocks"
    MODEL = "model"


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """The feed-forward layers of a model.

    Attributes:
        kind, form, gate, dictionary: see :class:`~expressivity.classes.families.Family`; a fixed
            layer of a form that it does not have is one-sided (SwiGLU for silu).
        activation: of the fixed kind.
        matched: whether the parameters that MoA would have more are given to the width.
        groups: of neurons with coefficients of their own; a fixed layer has none.
        gate_shift: see :class:`~experiments.pretraining.model.ModelConfig`.
    """

    kind: Kind = Kind.MOA
    form: str = "two_sided"
    gate: GateSpec = field(default_factory=lambda: GateSpec(name="sigmoid"))
    dictionary: tuple[str, ...] = FULL_DICTIONARY
    activation: str = "silu"
    matched: bool = False
    groups: int = 1
    gate_shift: int = 0

    @property
    def name(self) -> str:
        """The kind, marked where it is matched."""
        return f"{self.kind}-matched" if self.matched else str(self.kind)

    @property
    def start(self) -> Initialisation:
        """As the reference layer itself where dictionary and gate can, else uniform.

        Chosen by ``ablate`` (docs/pretraining.md).
        """
        own = any(not kind.mixes for kind in kinds_of(NEURONS[self.form]))
        needed = {"silu"} if own else {"silu", "id"}
        gates = self.gate.scale and self.gate.bias
        if not (self.kind.mixes and gates and needed <= set(self.dictionary)):
            return Initialisation()
        return Initialisation(mixture=Mixture.REFERENCE)

    def family(self, dimension: int) -> Family:
        """Its layer: hidden width 8/3 of the dimension, 4 times for one map; no hidden biases.

        >>> Mixing(kind=Kind.FIXED).family(128).width
        344
        """
        width = 4 * dimension if NEURONS[self.form].maps == 1 else 8 * round(dimension / 3)
        family = self._family(dimension, width)
        if not self.matched:
            return family
        moa = replace(self, kind=Kind.MOA, matched=False)._family(dimension, width)
        neuron = self._family(dimension, 2).parameter_count
        neuron -= self._family(dimension, 1).parameter_count
        more = round((moa.parameter_count - family.parameter_count) / neuron)
        return self._family(dimension, width + more)

    def _family(self, dimension: int, width: int) -> Family:
        return Family(
            kind=self.kind,
            neuron=self.form if self.kind.mixes else fixed_form(self.form) or self.form,
            width=width,
            dimension=dimension,
            outputs=dimension,
            dictionary=self.dictionary if self.kind.mixes else (self.activation,),
            gate=self.gate if self.kind.gated else None,
            groups=self.groups if self.kind.mixes else 1,
            bias=False,
        )


_COUNTS = ("steps", "batch", "accumulate", "evaluate_every", "windows", "checkpoint_every")
_MOST = {"steps": 2**24, "batch": 2**16, "windows": 2**16}
"""Updates, and windows of an update and of an evaluation."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a model is trained.

    Attributes:
        steps: updates.
        batch: windows of each update, over all processes.
        rate: the highest learning rate.
        accumulate: parts in which a batch goes through the model.
        optimizer, schedule, precision, compile: see there.
        warmup: part of the steps on which the rate grows from 0.
        decay: part of the steps on which ``wsd`` falls.
        final: the last rate as part of the highest.
        weight_decay: of matrices, decoupled.
        gate_rate: what the rate of the gates is multiplied by, not that of their scales.
        gate_decay: weight decay of the gates.
        clip: largest norm of the gradient.
        seed: of the weights and of the batches.
        evaluate_every: steps between evaluations; there is one after the last.
        windows: of an evaluation.
        checkpoint_every: steps between checkpoints.

    Raises:
        ValueError: a number outside its range.
    """

    steps: int
    batch: int
    rate: float
    accumulate: int = 1
    optimizer: Optimizer = Optimizer.ADAMW
    schedule: Schedule = Schedule.COSINE
    precision: Precision = Precision.FLOAT32
    compile: Compile = Compile.BLOCKS
    warmup: float = 0.1
    decay: float = 0.2
    final: float = 0.1
    weight_decay: float = 0.1
    gate_rate: float = GATE_RATE
    gate_decay: float = GATE_DECAY
    clip: float = 1.0
    seed: int = 0
    evaluate_every: int = 100
    windows: int = 256
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"required: {name} of at least 1; got {getattr(self, name)}")
        for name, most in _MOST.items():
            if getattr(self, name) > most:
                raise ValueError(f"required: {name} of at most {most}; got {getattr(self, name)}")
        for name in ("rate", "clip"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"required: a positive {name}; got {getattr(self, name)}")
        for name in ("weight_decay", "gate_rate", "gate_decay"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"required: {name} of at least 0; got {getattr(self, name)}")
        for name in ("warmup", "decay", "final"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"required: {name} from 0 to 1; got {getattr(self, name)}")
        if self.batch % self.accumulate:
            raise ValueError(
                f"required: a batch that {self.accumulate} parts divide; got {self.batch}"
            )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model and its training.

    Raises:
        ValueError: a model with experts that is to be compiled as a whole.
    """

    name: str
    model: ModelConfig
    training: TrainingConfig

    def __post_init__(self) -> None:
        if self.model.experts is not None and self.training.compile is Compile.MODEL:
            raise ValueError(
                "required: --compile blocks or none with experts, whose numbers of tokens "
                "change; got model"
            )

    @property
    def tokens(self) -> int:
        """Bytes that are trained on, repetitions included."""
        return self.training.steps * self.training.batch * self.model.context

    @property
    def flops(self) -> float:
        """6 N D: floating-point operations of the training, N active parameters, D tokens.

        An estimate that leaves attention out. Source: Kaplan et al., arXiv:2001.08361.
        """
        return 6.0 * self.model.active_count * self.tokens

    @property
    def identity(self) -> dict[str, object]:
        """Everything, as JSON."""
        return asdict(self)


RecipeFactory = Callable[[Mixing], Recipe]

RECIPES: Registry[RecipeFactory] = Registry(
    "recipe", group="expressivity.recipes", check=a_function
)

TOKENS_PER_PARAMETER = 20
"""The token budget of the large recipes, for each active parameter (arXiv:2203.15556)."""


def steps_for(tokens: int, batch: int, context: int) -> int:
    """Updates that take at least this many tokens.

    >>> steps_for(1_000_000, 32, 128)
    245
    """
    return -(-tokens // (batch * context))


def sized(
    name: str,
    mixing: Mixing,
    *,
    dimension: int,
    layers: int,
    heads: int,
    context: int,
    training: TrainingConfig,
    experts: Experts | None = None,
) -> Recipe:
    """A recipe from its sizes."""
    model = ModelConfig(
        layers=layers,
        heads=heads,
        context=context,
        feed_forward=mixing.family(dimension),
        start=mixing.start,
        experts=experts,
        gate_shift=mixing.gate_shift,
    )
    return Recipe(name=name, model=model, training=training)


def tiny(mixing: Mixing) -> Recipe:
    """0.8 M parameters, 1.6 MB of text: a minute or two on two cores."""
    training = TrainingConfig(steps=400, batch=32, rate=4e-3)
    return sized("tiny", mixing, dimension=128, layers=4, heads=4, context=128, training=training)


def small(mixing: Mixing) -> Recipe:
    """5 M parameters, 16 MB of text."""
    training = TrainingConfig(steps=1000, batch=64, rate=2e-3)
    return sized("small", mixing, dimension=256, layers=6, heads=8, context=256, training=training)


def _large(
    name: str, dimension: int, layers: int, rate: float, experts: Experts | None = None
) -> RecipeFactory:
    """Heads of 64, context 2,048, batches of half a million bytes, bfloat16."""

    def recipe(mixing: Mixing) -> Recipe:
        batch, context = 256, 2048
        training = TrainingConfig(
            steps=1,
            batch=batch,
            rate=rate,
            accumulate=16,
            precision=Precision.BFLOAT16,
            warmup=0.02,
            evaluate_every=1000,
            checkpoint_every=1000,
        )
        found = sized(
            name,
            mixing,
            dimension=dimension,
            layers=layers,
            heads=dimension // 64,
            context=context,
            training=training,
            experts=experts,
        )
        # Every kind is trained on as many tokens as the fixed one.
        family = replace(mixing, kind=Kind.FIXED, matched=False).family(dimension)
        count = replace(found.model, feed_forward=family).active_count
        steps = steps_for(TOKENS_PER_PARAMETER * count, batch, context)
        return replace(found, training=replace(training, steps=steps))

    return recipe


RECIPES.add("tiny", tiny)
RECIPES.add("small", small)
for _name, _dimension, _layers, _rate, _experts in (
    ("dense-0.12b", 768, 17, 1e-3, 0),
    ("dense-0.25b", 1024, 20, 8e-4, 0),
    ("dense-0.5b", 1280, 25, 6e-4, 0),
    ("dense-1b", 1792, 26, 4e-4, 0),
    ("moe-0.25b", 512, 14, 1e-3, 8),
    ("moe-0.5b", 768, 12, 8e-4, 8),
    ("moe-1b", 1024, 14, 6e-4, 8),
    ("moe-2b", 1280, 18, 4e-4, 8),
):
    RECIPES.add(
        _name,
        _large(_name, _dimension, _layers, _rate, Experts(count=_experts) if _experts else None),
    )
