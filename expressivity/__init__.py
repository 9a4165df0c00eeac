"""Theory verification and expressivity separations for feed-forward layers."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("expressivity")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
