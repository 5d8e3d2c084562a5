"""The pages of docs/ as the tests read them."""

import re

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page, language):
    """The texts of a page's fenced blocks in a language."""
    return [text for named, text in FENCE.findall(page.read_text()) if named == language]


def without_blocks(text):
    return FENCE.sub("", text)


def anchor(heading):
    """What GitHub makes of a heading."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", lambda match: match.group(1) or "", heading)
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
