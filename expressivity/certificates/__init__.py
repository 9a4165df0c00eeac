"""The files that others verify."""
