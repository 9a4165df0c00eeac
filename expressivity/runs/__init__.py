"""Units of work, who runs them, and the folder that keeps them."""
