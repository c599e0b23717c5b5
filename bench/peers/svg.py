"""Plots as SVG: panels of bars, and panels of labelled points. Each in two themes, for light and dark pages."""

import dataclasses
import html
import math

THEMES = {
    "light": {"text": "#1f2328", "faint": "#59636e", "line": "#d1d9e0", "bar": "#afb8c1", "ours": "#0969da"},
    "dark": {"text": "#f0f6fc", "faint": "#9198a1", "line": "#3d444d", "bar": "#656c76", "ours": "#4493f8"},
}
WIDTH = 800
FONT = 12


@dataclasses.dataclass
class Point:
    x: float
    y: float
    label: str
    ours: bool


class Canvas:
    def __init__(self, theme, height, title):
        self.colors = THEMES[theme]
        self.height = height
        self.title = title
        self.parts = []

    def text(self, x, y, words, color="text", anchor="start", bold=False):
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}" fill="{self.colors[color]}" text-anchor="{anchor}"{weight}>'
                          f"{html.escape(words)}</text>")

    def rect(self, x, y, width, height, color):
        self.parts.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="{max(width, 1):.1f}" height="{height:.0f}" '
                          f'fill="{self.colors[color]}"/>')

    def line(self, x1, y1, x2, y2, color="line"):
        self.parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{self.colors[color]}"/>')

    def dot(self, x, y, color):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{self.colors[color]}"/>')

    def svg(self):
        title = html.escape(self.title)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" '
                f'width="{WIDTH}" height="{self.height}" role="img" aria-label="{title}" '
                f'font-family="system-ui, sans-serif" font-size="{FONT}">\n<title>{title}</title>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def bars(title, panels, ours, theme):
    """Two columns of panels (name, [(label, value)]), with one scale for all; a line marks the value 1."""
    row, label, value_room, column = 18, 100, 40, WIDTH // 2
    highest = max(value for _, entries in panels for _, value in entries)
    scale = (column - label - value_room - 30) / max(highest, 1)
    heights = [30 + row * max(len(entries) for _, entries in panels[i:i + 2]) for i in range(0, len(panels), 2)]
    canvas = Canvas(theme, 34 + sum(heights), title)
    canvas.text(0, 16, title, "faint")
    top = 34
    for i, (name, entries) in enumerate(panels):
        left = column * (i % 2)
        canvas.text(left, top + 12, name, bold=True)
        base = left + label
        for j, (server, value) in enumerate(entries):
            y = top + 20 + row * j
            color = "ours" if server == ours else "bar"
            canvas.text(base - 8, y + 12, server, "text", "end")
            canvas.rect(base, y + 2, value * scale, row - 5, color)
            canvas.text(left + column - 30, y + 12, f"{value:.2f}", "text", "end")
        canvas.line(base + scale, top + 20, base + scale, top + 20 + row * len(entries), "faint")
        if i % 2:
            top += heights[i // 2]
    return canvas.svg()


def points(title, panels, x_name, y_name, theme):
    """Panels (name, [Point]) side by side, each with axes of its own that start at 0 (y) and below the least value (x)."""
    height, gap, bottom = 400, 34, 44
    width = (WIDTH - gap * len(panels)) / len(panels)
    canvas = Canvas(theme, height, title)
    canvas.text(0, 16, title, "faint")
    for i, (name, entries) in enumerate(panels):
        left, top = gap + i * (width + gap), 60
        plot_width, plot_height = width - 58, height - top - bottom  # with room for the last label
        canvas.text(left, 42, name, bold=True)
        x_low, x_step = min(point.x for point in entries), step(max(p.x for p in entries) - min(p.x for p in entries), 3)
        x_low = x_low // x_step * x_step
        x_high = max(point.x for point in entries)
        y_high, y_step = max(point.y for point in entries), step(max(point.y for point in entries), 5)

        def x_of(value):
            return left + 6 + (value - x_low) / (x_high - x_low) * plot_width

        def y_of(value):
            return top + plot_height - value / y_high * plot_height

        for tick in ticks(0, y_high, y_step):
            canvas.line(left, y_of(tick), left + width, y_of(tick))
            canvas.text(left - 4, y_of(tick) + 4, f"{tick:g}", "faint", "end")
        for tick in ticks(x_low, x_high, x_step):
            canvas.text(x_of(tick), top + plot_height + 16, f"{tick:g}", "faint", "middle")
        if i == 0:
            canvas.text(left, height - 8, f"across: {x_name}; up: {y_name}", "faint")
        labels(canvas, entries, x_of, y_of, left + width)
    return canvas.svg()


def labels(canvas, entries, x_of, y_of, right_edge):
    """The dots, and each label beside its dot, moved down where another one is."""
    placed = []  # left, right and y of labels
    for point in sorted(entries, key=lambda point: -point.y):
        x, y = x_of(point.x) + 8, y_of(point.y) + 4
        if x + width_of(point.label) > right_edge:
            x -= 16 + width_of(point.label)
        right = x + width_of(point.label)
        while any(x < other_right and left < right and abs(y - other_y) < FONT for left, other_right, other_y in placed):
            y += 1
        placed.append((x, right, y))
        color = "ours" if point.ours else "bar"
        canvas.dot(x_of(point.x), y_of(point.y), color)
        canvas.text(x, y, point.label, "ours" if point.ours else "text", bold=point.ours)


def width_of(label):
    return FONT * 0.58 * len(label)  # about


def step(extent, count):
    """The distance of about `count` round ticks."""
    rough = extent / count
    size = 10.0 ** math.floor(math.log10(rough))
    return next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)


def ticks(low, high, distance):
    return [round(low + i * distance, 6) for i in range(int((high - low) / distance + 1.001))]
