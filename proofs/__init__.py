"""Theorems and lemmas, one file each."""
