"""Draws loss curves: a panel for each precision, the loss on a logarithmic axis."""

import math

WIDTH, HEIGHT = 330, 250  # of a panel
LEFT, TOP, BOTTOM = 44, 24, 34
# Of Okabe and Ito, told apart by most eyes.
COLOURS = ["#000000", "#999999", "#0072b2", "#d55e00", "#009e73", "#cc79a7"]


def draw(points, precisions, steps):
    """`points`: the mean losses of equal parts of the training, by "mode, precision"."""
    everything = [value for values in points.values() for value in values]
    low = math.floor(math.log10(min(everything)) * 5) / 5
    high = math.ceil(math.log10(max(everything)) * 5) / 5

    def y_of(loss):
        return TOP + (high - math.log10(loss)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(precisions) + 10}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for panel, precision in enumerate(precisions):
        left = panel * WIDTH + LEFT
        right = (panel + 1) * WIDTH - 6
        parts += _frame(precision, left, right, steps, y_of, (low, high))
        modes = [name for name in points if name.endswith(", " + precision)]
        for colour, name in zip(COLOURS, modes, strict=True):
            values = points[name]
            width = (right - left) / len(values)
            line = " ".join(
                f"{left + (i + 0.5) * width:.1f},{y_of(value):.1f}" for i, value in enumerate(values)
            )
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.3"/>')
            y = TOP + 14 + 15 * modes.index(name)
            parts.append(f'<path d="M{right - 104} {y - 4}h16" stroke="{colour}" stroke-width="2"/>')
            parts.append(f'<text x="{right - 84}" y="{y}">{name.removesuffix(", " + precision)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _frame(title, left, right, steps, y_of, log_range):
    parts = [f'<text x="{left}" y="15" font-weight="bold">{title}: training loss</text>']
    for loss in [0.05, 0.1, 0.2, 0.5, 1, 2]:
        if not log_range[0] <= math.log10(loss) <= log_range[1]:
            continue
        y = y_of(loss)
        parts.append(f'<path d="M{left} {y:.1f}H{right}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">{loss:g}</text>')
    for i in range(5):
        x = left + i * (right - left) / 4
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 18}" text-anchor="middle">{i * steps // 4}</text>')
    parts.append(f'<text x="{(left + right) / 2}" y="{HEIGHT - 4}" text-anchor="middle">step</text>')
    return parts
