"""What the experiment on curvature stores, made by hand: no number in it was computed."""


def placed(curvature: float, factor: float, hardness: float) -> dict[str, float]:
    """A network at this multiple of the bound."""
    bound = hardness * 0.05 * curvature**-1.5
    return {"curvature": curvature, "bound": bound, "certified": factor * bound}


def curve_record(hardness: float) -> dict[str, object]:
    """The curve, and quotients above it."""
    points = [(k, placed(10.0**k, 1, hardness)) for k in range(6)]
    return {
        "curve": [
            {"curvature": f"1e{k}", "error": point["bound"], "checked": "verified"}
            for k, point in points
        ],
        "needs": [{"error": "1e-2", "curvature": 3.0 * hardness}],
        "quotients": [placed(10.0**k, 4, hardness) for k in range(1, 5)],
    }


def lane_columns(place: int, hardness: float) -> dict[str, list[float]]:
    """Columns of six networks, the higher above the curve the larger the place."""
    rows = [placed(3.0 * 4**n, 2.0 + 10 * place, hardness) for n in range(6)]
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    return {**columns, "l2": columns["certified"]}
