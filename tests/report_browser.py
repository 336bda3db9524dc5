# SPDX-License-Identifier: MIT
"""report_browser.py PAGE WORD: use a report as a reader does, in headless Chromium.

WORD stands in some, not all, of what can be found on the page.  Ends with 77 where there
is no Chromium."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser, is_there                      # noqa: E402

TAB, ENTER, ESCAPE = "\ue004", "\ue007", "\ue00c"

FOUND = """const all = [...document.querySelectorAll('[data-find]')];
const on = all.filter(e => e.offsetParent !== null || e.getClientRects().length);
return [all.length, on.length, on.every(e => e.textContent.toLowerCase().includes(arguments[0])),
        document.getElementById('hits').textContent,
        !document.getElementById('none').hidden,
        [...document.querySelectorAll('section')].filter(s => !s.hidden).length]"""

FOCUS = """const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();
return [e.tagName, e.id, e.textContent.slice(0, 40), s.outlineStyle !== 'none' &&
        parseFloat(s.outlineWidth) >= 2, b.width > 0 && b.right > 0 && b.left < innerWidth,
        [...document.querySelectorAll('*')].indexOf(e)]"""

# Text against the ground behind it, WCAG 2: every element that holds words of its own.
CONTRAST = """for (const d of document.querySelectorAll('details')) d.open = true;
const light = c => { const v = c / 255; return v <= 0.04045 ? v / 12.92
                                                            : ((v + 0.055) / 1.055) ** 2.4 };
const rgb = t => t.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const ground = e => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255] };
let worst = [99, ''], n = 0;
for (const e of document.body.querySelectorAll('*:not(script):not(svg *)')) {
    const own = [...e.childNodes].some(c => c.nodeType === 3 && c.data.trim());
    if (!own || !e.getClientRects().length) continue;
    const a = luminance(rgb(getComputedStyle(e).color)), b = luminance(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    n++;
    if (ratio < worst[0]) worst = [ratio, e.tagName + '.' + e.className + ': ' +
                                   e.textContent.slice(0, 40)];
}
return [worst[0], worst[1], n, getComputedStyle(document.body).backgroundColor]"""

failures = []


def want(good, what):
    if not good:
        failures.append(what)


def quiet(browser, url):
    """Nothing on the console, and nothing asked for but the page."""
    for entry in browser.log("browser"):
        failures.append(f"console: {entry['message'][:300]}")
    asked = []
    for entry in browser.log("performance"):
        if '"Network.requestWillBeSent"' in entry["message"]:
            address = entry["message"].split('"url":"', 1)[1].split('"', 1)[0]
            own = address.startswith(("data:", "chrome:"))       # its empty first tab
            if not own and address.split("#")[0] != url:
                asked.append(address)
    want(not asked, f"asks for {asked[:3]}")


def search(b, word):
    total, on, _, hits, none, sections = b.run(FOUND, "")
    want(total > 3 and on == total and hits == "" and not none, f"at first {on} of {total}")
    b.keys("/")
    want(b.run("return document.activeElement.id") == "q", "/ does not go to the search box")
    b.keys(word)
    got = b.run(FOUND, word.lower())
    want(0 < got[1] < total, f"`{word}` leaves {got[1]} of {total}")
    want(got[2], f"`{word}`: something is shown that does not have it")
    want(got[3].split(" ")[0] == str(got[1]), f"says {got[3]} for {got[1]}")
    missed = b.run("""return [...document.querySelectorAll('[data-find]')].filter(e => e.hidden &&
        e.textContent.toLowerCase().includes(arguments[0])).length""", word.lower())
    want(missed == 0, f"`{word}`: {missed} that have it are hidden")
    b.keys("/")                          # a letter like others, in the box
    want(b.run("return document.getElementById('q').value") == word + "/", "/ is not typed")
    b.keys("zzqx")
    got = b.run(FOUND, "")
    want(got[1] == 0 and got[4] and got[5] == 0, "words that nothing has leave something")
    b.keys(ESCAPE)
    got = b.run(FOUND, "")
    want(got[1] == total and got[3] == "" and got[5] == sections, "Escape does not clear")
    b.keys(ESCAPE)
    want(b.run("return document.activeElement.tagName") == "BODY", "Escape does not leave")


def keyboard(b, url):
    b.open(url + "#")
    b.open(url)
    b.keys(TAB)
    first = b.run(FOCUS)
    want(first[2].startswith("Skip") and first[3] and first[4], f"first Tab: {first}")
    b.keys(ENTER)
    want(b.run("return document.activeElement.id") == "main", "the skip link does not skip")
    before, seen = -1, set()
    for _ in range(14):
        b.keys(TAB)
        at = b.run(FOCUS)
        if at[0] == "BODY":
            break
        seen.add(at[1])
        want(at[3], f"no outline on {at[:3]}")
        want(at[5] > before, f"Tab goes back to {at[:3]}")
        before = at[5]
    want("q" in seen, "Tab does not come to the search box")
    b.run("document.querySelector('.figure summary').focus()")
    b.keys(ENTER)
    want(b.run("return document.querySelector('.figure details').open"), "Enter does not open")
    b.run("location.hash = '#' + document.querySelector('.artifact[id]').id")
    b.run("return new Promise(r => setTimeout(r, 50))")
    want(b.run("return document.querySelector('.artifact[id]').open"),
         "a link to an artifact does not open it")


def looks(b, url):
    for width, mobile in ((1280, False), (390, True)):
        b.size(width, 844, mobile)
        for scheme in ("light", "dark"):
            b.scheme(scheme)
            b.open(url)
            worst, where, n, ground = b.run(CONTRAST)
            want(n > 20 and worst >= 4.5, f"{scheme}: contrast {worst:.2f} of {where} ({n} texts)")
            want((int(ground.split("(")[1].split(",")[0]) < 60) == (scheme == "dark"),
                 f"{scheme}: the ground is {ground}")
            wide = b.run("return document.documentElement.scrollWidth - innerWidth")
            want(wide <= 0, f"{width} px: {wide} px too wide")


def words(b):
    bare = b.run("""return [...document.querySelectorAll('.figure')].filter(e => {
        const p = e.querySelector('.paper > svg[role=img][aria-label], .paper > img[alt]');
        const t = p && (p.getAttribute('aria-label') || p.alt);
        return !t || !t.startsWith(e.querySelector('.name').textContent)})
        .map(e => e.id)""")
    want(not bare, f"figures without words: {bare}")
    empty = b.run("""return [...document.querySelectorAll('.paper > svg')].filter(
        e => e.getBBox().width < 10).length""")
    want(empty == 0, f"{empty} empty pictures")


def main():
    if not is_there():
        print("skipped: no chromium and chromedriver: make deps-all")
        return 77
    url = "file://" + os.path.abspath(sys.argv[1])
    with Browser() as b:
        b.open(url)
        words(b)
        search(b, sys.argv[2])
        keyboard(b, url)
        looks(b, url)
        quiet(b, url)
    print("\n".join(failures) if failures else "as it should be")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
