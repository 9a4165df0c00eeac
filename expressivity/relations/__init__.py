"""Relations between classes: which lies in which, and what separates them."""
