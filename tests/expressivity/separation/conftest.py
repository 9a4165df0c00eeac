"""Fits of the main job run uncompiled."""
