"""Prints src/flow/slug/signs.rs: which characters beyond ASCII the original's slugs drop, and which separate words.

    python tests/python/make_signs.py > src/flow/slug/signs.rs

It asks the original about one character after another. Run it with the Python that `tests/python/venv` prints.
"""

import warnings

warnings.simplefilter("ignore")

from slugify import slugify  # noqa: E402

HEAD = """//! Which characters beyond ASCII the original's slugs drop, and which separate words. Printed by `tests/python/make_signs.py`,
//! which asks the original; it holds no transliteration.
"""


def ranges(slug):
    found = []
    for code in range(0x80, 0x10000):
        if 0xD800 <= code <= 0xDFFF or slugify(f"a{chr(code)}b") != slug:
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def table(name, meaning, found):
    print(f"\n/// {meaning}\n#[rustfmt::skip]\npub(super) const {name}: &[(u32, u32)] = &[")
    texts = [f"({first:#x}, {last:#x})," for first, last in found]
    while texts:
        line = "   "
        while texts and len(line) + len(texts[0]) < 108:
            line += " " + texts.pop(0)
        print(line)
    print("];")


if __name__ == "__main__":
    print(HEAD, end="")
    table("DROPPED", "Ranges of characters that leave nothing, not even a gap.", ranges("ab"))
    table("SEPARATING", "Ranges of characters that separate words.", ranges("a-b"))
