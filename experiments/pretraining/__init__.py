"""Language models whose feed-forward layers are fixed, LA or MoA (docs/pretraining.md)."""
