# SPDX-License-Identifier: MIT
"""page.py PAGE [id]: is this HTML page well-formed, complete in itself, and can it be
read without eyes and without JavaScript?  Says what is wrong, and ends with 1.

With an id it prints the rows of the tables (cells joined by " | ") and the paragraphs in
that element; as a module, it gives the tree."""
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "img", "br", "wbr", "hr"}
HEADINGS = ("h1", "h2", "h3", "h4")


class Element:
    def __init__(self, name, attributes, parent):
        self.name, self.attributes, self.parent = name, attributes, parent
        self.inside = []

    def walk(self):
        yield self
        for e in self.inside:
            if isinstance(e, Element):
                yield from e.walk()

    def text(self):
        end = " " if self.name == "div" else ""
        return "".join(e.text() if isinstance(e, Element) else e for e in self.inside) + end

    def find(self, name):
        return [e for e in self.walk() if e.name == name]


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.wrong = []
        self.root = self.at = Element("", {}, None)
        self.feed(text)
        self.close()
        if self.at is not self.root:
            self.wrong.append(f"<{self.at.name}> is never closed")
        self.ids = {}
        for e in self.root.walk():
            for key, value in e.attributes.items():
                self.attribute(e, key, value or "")

    def handle_starttag(self, tag, attrs):
        if len(dict(attrs)) < len(attrs):
            self.wrong.append(f"<{tag}>: an attribute twice")
        e = Element(tag, dict(attrs), self.at)
        self.at.inside.append(e)
        if tag not in VOID:
            self.at = e

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if self.at.name != tag:
            self.wrong.append(f"line {self.getpos()[0]}: </{tag}> closes <{self.at.name}>")
        elif self.at.parent is not None:
            self.at = self.at.parent

    def handle_data(self, data):
        self.at.inside.append(data)

    def attribute(self, e, key, value):
        if key == "id":
            if value in self.ids:
                self.wrong.append(f"id {value} twice")
            self.ids[value] = e
            if not value or re.search(r"\s", value):
                self.wrong.append(f"id {value!r}")
        if key.startswith("on"):
            self.wrong.append(f"<{e.name} {key}>")
        if key in ("src", "srcset", "action", "poster", "data", "formaction"):
            if not value.startswith("data:"):
                self.wrong.append(f"<{e.name} {key}={value[:60]}>: not in the page")
        if key in ("href", "xlink:href"):
            outside = re.match(r"[a-z+.-]+:|//", value, re.I) and not value.startswith("data:")
            if outside or e.name not in ("a", "link", "use", "image", "lineargradient"):
                self.wrong.append(f"<{e.name} {key}={value[:60]}>: leads out")
        for inner in re.findall(r"url\(([^)]*)\)", value):
            if not inner.strip("'\"").startswith("#"):
                self.wrong.append(f"<{e.name} {key}>: url({inner[:60]})")

    def check(self):
        for e in self.root.walk():
            for key in ("href", "xlink:href", "aria-labelledby", "for"):
                value = e.attributes.get(key) or ""
                target = value[1:] if value.startswith("#") else value
                local = value.startswith("#") or key in ("aria-labelledby", "for")
                if local and target and target not in self.ids:
                    self.wrong.append(f"<{e.name} {key}={value}>: there is no such id")
            for inner in re.findall(r"url\(#([^)]*)\)", " ".join(map(str, e.attributes.values()))):
                if inner not in self.ids:
                    self.wrong.append(f"<{e.name}>: url(#{inner}): there is no such id")
            if e.name == "style" and re.search(r"url\(|@import", e.text()):
                self.wrong.append("a style sheet that loads something")
        self.check_words()
        return self.wrong

    def check_words(self):
        html = self.root.find("html")
        if not html or html[0].attributes.get("lang") != "en":
            self.wrong.append("no language")
        for e in self.root.find("svg"):
            if e.attributes.get("role") != "img" or not e.attributes.get("aria-label"):
                self.wrong.append("an <svg> without words")
        for e in self.root.find("img"):
            if not e.attributes.get("alt"):
                self.wrong.append("an <img> without words")
        for e in self.root.find("input"):
            labels = [x.attributes.get("for") for x in self.root.find("label")]
            if e.attributes.get("id") not in labels:
                self.wrong.append("an <input> without a label")
        level = 0
        for e in self.root.walk():
            if e.name in HEADINGS:
                n = int(e.name[1])
                if n > level + 1 or (n == 1 and level > 0) or not e.text().strip():
                    self.wrong.append(f"<{e.name}> {e.text()!r} after level {level}")
                level = n
        if level == 0 or len(self.root.find("main")) != 1 or not self.root.find("title"):
            self.wrong.append("no heading, no title, or not one <main>")


def load(path):
    with open(path, "rb") as f:
        return Page(f.read().decode("utf-8", "strict"))


def rows(element):
    for e in element.walk():
        if e.name == "tr":
            cells = [c.text() for c in e.inside if isinstance(c, Element)]
            yield " | ".join(cells)
        elif e.name in ("p", "dt", "dd", "h3"):
            yield e.text()


if __name__ == "__main__":
    page = load(sys.argv[1])
    if len(sys.argv) > 2:
        for line in rows(page.ids[sys.argv[2]]):
            print(" ".join(line.split()))
    else:
        wrong = page.check()
        print("\n".join(wrong[:20]) if wrong else f"well-formed: {len(page.ids)} ids")
        sys.exit(bool(wrong))
