"""The budgets of bench/budgets.json: what may be taken at the most. Raising one needs a line in CHANGELOG.md."""
import json
import os

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "budgets.json"), encoding="utf-8") as file:
    LIMITS = json.load(file)


def check(figures, kind):
    """Prints a line for each budget of this kind; the names of those that are exceeded, or were not measured."""
    exceeded = []
    for what, limit in LIMITS.items():
        if not what.startswith(kind):
            continue
        figure = figures.get(what)
        good = figure is not None and figure <= limit
        print(f"{'ok' if good else 'not ok'} budget of {what}: {figure} of {limit} bytes")
        if not good:
            exceeded.append(what)
    return exceeded
