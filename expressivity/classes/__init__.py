"""What a class is: activations, gates, families, facts, evaluation and exact weights."""
