"""What the experiment on certificates stores, made by hand: no number in it was computed."""

from collections.abc import Iterator


def certificate_records(hardness: float) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    """The identity and the record of each unit."""
    for method, widths in (("ridge-rank", (1, 2, 3)), ("ridge-search", (1, 2))):
        for width in widths:
            value = hardness * (0.4 if method == "ridge-rank" else 0.6) / width**2
            identity = {"unit": "certificate", "width": width, "method": method}
            record = {
                "width": width,
                "method": method,
                "certificate": {"lower_bound": {"l2": {"value": repr(value)}}},
                "checked": "verified",
                "best_ridge_estimate": hardness * 0.65 / width**1.5,
            }
            yield identity, record
