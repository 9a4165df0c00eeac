"""The front door: what ``from expressivity import ...`` offers, as questions and answers."""
