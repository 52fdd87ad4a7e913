"""The listings of a page of documentation: what the tests compile and run is what the page shows.

A listing of a file begins with a comment that is the file's name, and may say how it changes a file that came before:

    // lwipopts.h                                        the file
    // lwipopts.h, changed                               #define lines, in the place of those with the same names
    // main.c, before WORD                               above the last line that has that word
    // fetch.c, in place of the line with WORD           for the only line that has it
    # CMakeLists.txt, added                              at the end
    # build                                              what is typed (sh)
"""
import os
import re

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def page(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


class Listing:
    def __init__(self, language, text):
        head = re.match(r"(?://|#) ([\w./]+)(?:, ([^\n]+))?\n", text)
        if not head:
            raise ValueError(f"a listing without the name of its file: {text[:60]!r}")
        self.language, self.name, self.how = language, head[1], head[2]
        self.text = text[head.end():] if self.how else text

    def apply(self, files):
        """files: {name: text}, changed in place."""
        if self.how is None:
            if self.name in files:
                raise ValueError(f"{self.name} is shown twice")
            files[self.name] = self.text
            return
        files[self.name] = self.changed(files[self.name])

    def changed(self, old):
        if self.how == "added":
            return old + self.text
        if self.how == "changed":
            for name in re.findall(r"^#define (\w+)", self.text, re.M):
                old = re.sub(rf"^#define {name}\b.*\n", "", old, flags=re.M)
            return old + self.text
        lines = old.splitlines(keepends=True)
        place, word = re.fullmatch(r"(before|in place of the line with) (.+)", self.how).groups()
        found = [i for i, line in enumerate(lines) if word in line]
        if not found or (place != "before" and len(found) != 1):
            raise ValueError(f"{self.name}: {word!r} is in {len(found)} lines")
        lines[found[-1]] = self.text + (lines[found[-1]] if place == "before" else "")
        return "".join(lines)


def listings(text):
    return [Listing(language, body) for language, body in
            re.findall(r"^```(c|cmake|sh)\n(.*?)^```$", text, re.M | re.S)]


def write(folder, files):
    """Files that are as they should be are left alone, so that nothing is built again."""
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.exists(path) or page(path) != text:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
    return folder
