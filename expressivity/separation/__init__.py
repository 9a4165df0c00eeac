"""The main job: fits, bounds and membership of whole classes, and the gaps between them."""
