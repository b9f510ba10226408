"""A picture of a network: how far each layer looks, and the time it takes. Needs matplotlib (extra `plots`)."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from ponnuki.engine.errors import ConfigError
from ponnuki.nets.inspection import Inspection


def check_name(path: Path) -> None:
    """See that a picture can have this name, before anything is timed for it.

    Raises:
        ConfigError: it ends in no form of picture that matplotlib draws.
    """
    forms = sorted(Figure().canvas.get_supported_filetypes())
    if path.suffix and path.suffix[1:].lower() not in forms:
        raise ConfigError(f"--plot {path}: expected a name that ends in .png, or in one of {', '.join(forms)}")


def draw(inspection: Inspection, size: int, path: Path) -> None:
    """Write the picture of one board size.

    Raises:
        ConfigError: it cannot be written.
    """
    layers = [layer for layer in inspection.layers if layer.kind == "Conv"]
    figure = Figure(figsize=(9, 0.26 * len(layers) + 1.6), layout="constrained")
    reach_axes, time_axes = figure.subplots(1, 2, sharey=True)
    places = range(len(layers))
    widths = [2 * layer.reach + 1 for layer in layers]
    reach_axes.barh(places, widths, color="#7c9fc4")
    reach_axes.axvline(size, color="#444444", linewidth=1)
    reach_axes.axvline(2 * size - 1, color="#444444", linewidth=1, linestyle="--")
    reach_axes.set_yticks(places, [layer.name for layer in layers], fontsize=7)
    reach_axes.invert_yaxis()
    reach_axes.set_xlabel(f"points across (line: {size}, dashed: from edge to edge)")
    reach_axes.set_title("receptive field", fontsize=10)
    times = inspection.layer_microseconds[size]
    colours = ["#c98a3d" if layer.bits == 32 else "#5f8f4e" for layer in layers]
    time_axes.barh(places, [times.get(layer.name, 0.0) for layer in layers], color=colours)
    time_axes.set_xlabel(f"µs a position on {size}×{size} (orange: float, green: integers)")
    time_axes.set_title("time", fontsize=10)
    figure.suptitle(f"{inspection.file}: {inspection.macs(size) / 1e6:,.0f} million multiplications", fontsize=11)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise ConfigError(f"--plot {path}: {error.strerror or error}") from error
