"""Links and pictures of the pages lead somewhere; the two READMEs say the same."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, Page, page, pages

COMMENT = re.compile(r"\s*# .*")


@pytest.mark.parametrize("one", pages(), ids=lambda one: one.name)
def test_links_lead_somewhere(one: Page) -> None:
    for link in one.links():
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (one.path.parent / file).resolve() if file else one.path
        assert target.exists(), f"{one.name} links to {link}"
        assert target.is_relative_to(ROOT), f"{one.name} links out of the project: {link}"
        if anchor:
            assert anchor in Page(target).anchors(), f"{one.name} links to {link}"


def test_every_page_can_be_found_from_the_readme() -> None:
    start = page("README.md")
    seen, left = {start.path}, [start]
    while left:
        one = left.pop()
        for link in one.links():
            target = (one.path.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target not in seen:
                seen.add(target)
                left.append(Page(target))
    assert {one.path for one in pages()} <= seen


def _shape(one: Page) -> dict[str, object]:
    """What a translation shares with its original."""
    rows = [line.count("|") for line in one.prose.splitlines() if line.startswith("|")]
    code = [(b.language, COMMENT.sub("", b.text)) for b in one.blocks() if b.language != "text"]
    links = [link for link in one.links() if not link.startswith(("README", "#"))]
    names = sorted(re.findall(r"`[^`\n]+`", re.sub(r"```.*?```", "", one.text, flags=re.DOTALL)))
    return {
        "headings": [level for level, _ in one.headings()],
        "tables": rows,
        "code": code,
        "links": links,
        "names": names,
    }


def test_the_chinese_readme_follows_the_english_one() -> None:
    english, chinese = _shape(page("README.md")), _shape(page("README.zh-CN.md"))
    for part, content in english.items():
        assert chinese[part] == content, part
