"""What the parser says of a text that it refuses."""

import pytest

from expressivity.symbolic.expressions import ExpressionError
from expressivity.symbolic.parser import parse


def refused(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith("required: ") and "; got " in message
    assert message.isprintable() and len(message) < 300, "one short line"
    assert reason in message
    assert caught.value.__cause__ is None
