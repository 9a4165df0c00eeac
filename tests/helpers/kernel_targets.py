"""Expressions for kernel certificates, with the class each is asked about."""

SEPARATING = [
    ("relu(x1)*relu(x2+x1/3)", "la", "type1"),
    ("gelu(x1+x2/2)*relu(x2-x1+1/3)", "la", "type1"),
    ("exp(x3)*abs(x1-x2/2)+silu(x1)", "la", "type1"),
    ("tanh(x1+exp(x1)*relu(2*x2-1/4))", "la", "type1"),
    ("sigmoid(3*x1)*leaky_relu(x1+x2)-relu2(x1)", "la", "type1"),
    ("sin(x1)*x1*relu(x2)", "la", "one_sided"),
    ("silu(x2-x3)*relu(x1+x2+x3)+x1**2", "la", "one_sided"),
    ("x3*relu(x1+x2)+relu(x2-x1)", "moa", "type1"),
    ("exp(x1)*relu(x2)+relu(x1-x2)+abs(x1+x2-1/4)", "moa", "type1"),
    ("(2+x3**2)*relu(x1)+tanh(x3)*abs(x2)", "moa", "type1"),
]
"""Outside the class, of which a certificate convinces Coq."""

OTHERS = [
    ("relu(x1)+relu(x2)", "la", "type1", "network"),
    ("relu2(x1-x2)+tanh(x2)", "la", "type1", "jumps"),
    ("abs(x1+x2/2)", "la", "type1", "network"),
    ("tanh(2*x1)*relu(x2)", "moa", "type1", "network"),
    ("x1*relu(x2)", "la", "one_sided", "network"),
    ("silu(x1)*x2", "la", "type1", "jumps"),
    ("tanh(x1)*tanh(x2)", "la", "type1", "jumps"),
    ("x1*relu(x2)", "moa", "type1", "jumps"),
    ("x1*relu(x2)+relu(x1)", "moa", "type1", "jumps"),
    ("relu(x1-2)*tanh(x2)+x1", "la", "type1", "jumps"),
]
"""Members, and what the jumps do not decide; with a word of the reason."""
