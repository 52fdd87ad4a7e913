"""Bars as SVG, to be read on a light and on a dark page: colours are chosen by prefers-color-scheme, on a ground of its own."""
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, MARGIN, GAP = 960, 24, 32
COLUMN = (WIDTH - 2 * MARGIN - GAP) // 2
NAME, NUMBER = 78, 70  # left and right of the bars
BAR, STEP, HEAD, SECTION, BETWEEN = 11, 15, 18, 30, 9
TOP = 76
# Who has which colour: a library's is the same wherever it is.
CLASSES = {"Picket": "a", "Mbed TLS": "b", "altcp_tls": "b", "BearSSL": "c", "wolfSSL": "d"}
LIGHT = {"ground": "#ffffff", "ink": "#1f2328", "faint": "#59636e", "line": "#d1d9e0",
         "a": "#0969da", "b": "#bc4c00", "c": "#1a7f37", "d": "#8250df"}
DARK = {"ground": "#0d1117", "ink": "#f0f6fc", "faint": "#9198a1", "line": "#3d444d",
        "a": "#58a6ff", "b": "#f0883e", "c": "#3fb950", "d": "#bc8cff"}


def colours(of):
    """No CSS variables: not all that shows SVG knows them."""
    lines = [f"text {{ fill: {of['ink']}; }}", f".name, .note {{ fill: {of['faint']}; }}",
             f".ground {{ fill: {of['ground']}; stroke: {of['line']}; }}", f".rule {{ stroke: {of['line']}; }}"]
    return "\n".join(lines + [f".{kind} {{ fill: {of[kind]}; }}" for kind in "abcd"])


STYLE = f"""
text {{ font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif; }}
.title {{ font-size: 19px; font-weight: 600; }}
.section {{ font-size: 14px; font-weight: 600; }}
.group {{ font-weight: 600; }}
.name, .note, .number {{ font-size: 11px; }}
{colours(LIGHT)}
@media (prefers-color-scheme: dark) {{
{colours(DARK)}
}}
"""


@dataclass
class Group:
    title: str
    unit: str
    bars: list  # (name, number)


@dataclass
class Section:
    title: str
    groups: list


def text(x, y, kind, words, anchor="start"):
    return f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def number_text(number):
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"


def bar(x, y, name, number, most, unit):
    room = COLUMN - NAME - NUMBER
    length = max(1, room * number / most)
    return [text(x + NAME - 6, y + BAR - 2, "name", name, "end"),
            f'<rect x="{x + NAME:g}" y="{y:g}" width="{length:.1f}" height="{BAR}" rx="2" class="{CLASSES[name]}"/>',
            text(x + NAME + length + 5, y + BAR - 2, "number", f"{number_text(number)} {unit}".rstrip())]


def draw_group(x, y, group):
    lines = [text(x, y + 12, "group", group.title)]
    y += HEAD
    most = max(number for _, number in group.bars)
    for name, number in group.bars:
        lines += bar(x, y, name, number, most, group.unit)
        y += STEP
    return lines, y + BETWEEN


def draw_column(x, sections):
    lines, y = [], TOP
    for section in sections:
        lines += [text(x, y + 16, "section", section.title),
                  f'<line x1="{x}" y1="{y + 22}" x2="{x + COLUMN}" y2="{y + 22}" class="rule"/>']
        y += SECTION
        for group in section.groups:
            more, y = draw_group(x, y, group)
            lines += more
        y += BETWEEN
    return lines, y


def draw(title, note, columns):
    drawn = [draw_column(MARGIN + i * (COLUMN + GAP), sections) for i, sections in enumerate(columns)]
    height = max(y for _, y in drawn) + MARGIN - BETWEEN
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
             'role="img" aria-labelledby="title note">',
             f'<title id="title">{escape(title)}</title>', f'<desc id="note">{escape(note)}</desc>', f"<style>{STYLE}</style>",
             f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6" class="ground"/>',
             text(MARGIN, 36, "title", title), text(MARGIN, 57, "note", note)]
    for more, _ in drawn:
        lines += more
    return "\n".join([*lines, "</svg>", ""])
