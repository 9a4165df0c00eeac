"""The page of ``expressivity explore``: stored networks, their verdicts, the atlas."""
