"""Recognition: exact weights of a network that equals an expression, from its structure.

Conditions inside conditions are written as a sum first (``pieces.py``). An expression is brought
into a normal form (``normal_form.py``); the arguments that neurons and gates can have are read off
it (``candidates.py``); what remains is exact linear algebra (``linear.py``): constant coefficients
(``ungated.py``, ``shared.py``, ``grouped.py``) or gates (``gated.py``, ``mixtures.py``,
``gated_networks.py``). This is for neurons that are products of mixtures and affine maps. Neurons
of any other record that mix nothing are found by values (``plain.py``, ``maps.py``,
``sparse.py``). ``recognise`` compares what it returns with the expression, exactly.
"""

from expressivity.membership.recognition.network import Recognition
from expressivity.membership.recognition.plain import settings_for
from expressivity.membership.recognition.recognise import LIMITS, STEPS, recognise, recognise_at

__all__ = ["LIMITS", "STEPS", "Recognition", "recognise", "recognise_at", "settings_for"]
