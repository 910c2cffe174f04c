"""A story as a PDF: what people wrote stays text, in every script, and nothing eats the machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest
from pytest_django.fixtures import Settings

from apps.chapters.limits import CONTENT_LENGTH
from apps.exports.errors import CannotRender, TooLarge
from apps.exports.processes import run_limited
from apps.exports.typesetter import LACKING, MISSING, Order
from apps.exports.typesetting import _run, typeset
from apps.exports.typst_markup import quote_string
from tests.unit.test_export_rendering import HOSTILE_TITLES, chapter, hostile_story, make

DEBIAN = Path("/usr/share/fonts")
SECRET = "the-secret-of-another-folder"
CODE = r"""
#read("/etc/passwd") #include "/etc/passwd" #import "@preview/cetz:0.3.0" #image("/etc/passwd.png")
#plugin("x.wasm") #eval("1+1") #sys.inputs #let x = 1; #{ panic("stop") } #("a", "b").join()
"#panic("quoted")" \"#panic("escaped")\" \\"#panic("twice")\\" ] #panic() [ <chapter-1> @chapter-1
$x^2$ $#panic()$ `#panic()` `` `#panic()` `` \u{41} // comment /* comment */ = heading

```typ
#panic("in a block")
```

    #read("../secret") "] #panic() ["

```{=typst}
#panic("raw")
```

[link](https://a.example/#panic) [out](file:///etc/passwd) ![pic](/etc/passwd) <script>x</script>
\input{/etc/passwd} ${HOME} $(id) `{=latex}\immediate\write18{id}` {{ template }} {% include x %}
"""
SCRIPTS = {
    "Latin": "Ærøskøbing, naïve façade, Łódź",
    "Cyrillic": "Все счастливые семьи",  # noqa: RUF001 - the letters are Cyrillic
    "Greek": "Το φως του ήλιου",  # noqa: RUF001 - the letters are Greek
    "Hebrew": "בראשית ברא אלהים",
    "Arabic": "كان يا ما كان",
    "Devanagari": "एक समय की बात है",
    "Thai": "กาลครั้งหนึ่งนานมาแล้ว",
}
OF_DEBIAN = {
    "Chinese": "道可道，非常道",  # noqa: RUF001 - the comma is Chinese
    "Japanese": "吾輩は猫である",
    "Korean": "옛날 옛적에",
}


def read(pdf: Path) -> str:
    """Return the text of all pages."""
    with pypdfium2.PdfDocument(pdf) as book:
        return "\n".join(page.get_textpage().get_text_bounded() for page in book)


def links(pdf: Path) -> list[tuple[int, int]]:
    """Return (page, page that it leads to) of each link inside the book."""
    raw = pypdfium2.raw
    found = []
    with pypdfium2.PdfDocument(pdf) as book:
        for number, page in enumerate(book):
            at, link = pypdfium2.raw.c_int(0), raw.FPDF_LINK()
            while raw.FPDFLink_Enumerate(page, at, link):
                target = raw.FPDFLink_GetDest(book, link)
                if target:
                    found.append((number, raw.FPDFDest_GetDestPageIndex(book, target)))
    return found


def check_pdf(pdf: Path) -> None:
    """Have qpdf look at a PDF; it must find nothing to say."""
    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is not installed, so the PDF was not checked")
    checked = subprocess.run(["qpdf", "--check", pdf], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


# Nothing written becomes code


def test_a_hostile_story_is_a_pdf_without_fault(tmp_path: Path) -> None:
    pdf = make(hostile_story(), tmp_path, kind="pdf", title=HOSTILE_TITLES[0], description=CODE)
    check_pdf(pdf)
    said = read(pdf)
    assert "root:" not in said
    assert "<script>alert(1)</script>" in said
    assert "\\input{/etc/passwd}" in said


@pytest.mark.parametrize("line", [line for line in CODE.splitlines() if line.strip()])
def test_code_is_text_wherever_it_stands(tmp_path: Path, line: str) -> None:
    (tmp_path.parent / "secret").write_text(SECRET)
    pdf = make([chapter("a", line, line)], tmp_path, kind="pdf", title=line, description=line)
    assert SECRET not in read(pdf)


def test_all_of_it_is_there_to_read(tmp_path: Path) -> None:
    said = " ".join(read(make([chapter("a", "One", CODE)], tmp_path, kind="pdf")).split())
    for words in ('#read("/etc/passwd")', '#{ panic("stop") }', '#panic("in a block")', "$x^2$"):
        assert words in said


@pytest.mark.parametrize(
    "text", ['"', "\\", '\\"', '\\\\"', '"#panic()"', "\n", "#", "]", "\\u{41}"]
)
def test_a_string_literal_holds_whatever_it_is_given(tmp_path: Path, text: str) -> None:
    """What typst reads from the literal is what was written."""
    source = tmp_path / "a.typ"
    source.write_text(
        f"#assert({quote_string(text)}.codepoints() == ({_codes(text)}).map(str.from-unicode))"
    )
    typeset(source, output=tmp_path / "a.pdf", texts=[], made_at=0)


def _codes(text: str) -> str:
    return "".join(f"{ord(sign)}," for sign in text)


# The second wall


@pytest.mark.parametrize(
    "code",
    [
        '#read("/etc/passwd")',
        '#read("../secret")',
        '#image("link.png")',
        '#import "@preview/cetz:0.3.0"',
        '#include "/../secret"',
    ],
)
def test_the_typesetter_itself_reaches_nothing(tmp_path: Path, code: str) -> None:
    """Even if code got in: no file elsewhere, no package, no network."""
    (tmp_path / "secret").write_text(SECRET)
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "link.png").symlink_to("/etc/passwd")
    (folder / "a.typ").write_text(code)
    order = Order(source="a.typ", output="a.pdf", fonts=[], made_at=0)
    with pytest.raises(subprocess.CalledProcessError):
        _run(order, folder=folder)
    assert not (folder / "a.pdf").exists()


# What is in it


def test_cover_title_contents_chapters_and_choices(tmp_path: Path) -> None:
    story = [
        chapter("a", "The door", "Text *here*.", ("Open it", "b"), ("Run", "c"), ("Lost", "zz")),
        chapter("b", "The room", "More.", ("Back", "a")),
        chapter("c", "The street", "End."),
    ]
    pdf = make(story, tmp_path, kind="pdf", title="The lamp", language="en-GB")
    with pypdfium2.PdfDocument(pdf) as book:
        told = book.get_metadata_dict()
        pages = [page.get_textpage().get_text_bounded() for page in book]
        outline = [entry.get_title() for entry in book.get_toc()]
    assert (told["Title"], told["Author"]) == ("The lamp", "ada <b>*x*</b>")
    assert told["CreationDate"].startswith("D:20261124")
    assert outline == ["The door", "The room", "The street"]
    assert "Contents" in pages[2]
    assert [page.split()[-1] for page in pages[2:]] == ["3", "4", "5", "6"]
    assert {(3, 4), (3, 5), (4, 3)} <= set(links(pdf))
    assert b"(en-GB)" in pdf.read_bytes()
    check_pdf(pdf)


@pytest.mark.parametrize(("script", "text"), SCRIPTS.items())
def test_scripts_that_come_with_us_are_set(
    tmp_path: Path, settings: Settings, script: str, text: str
) -> None:
    settings.EXPORT_FONTS = tmp_path / "nothing"
    pdf = make([chapter("a", text, text)], tmp_path, kind="pdf", title=text, notes=[])
    check_pdf(pdf)


@pytest.mark.skipif(not any(DEBIAN.rglob("*CJK*")), reason="fonts-noto-cjk is not installed")
@pytest.mark.parametrize(("script", "text"), OF_DEBIAN.items())
def test_scripts_of_debian_are_set(
    tmp_path: Path, settings: Settings, script: str, text: str
) -> None:
    settings.EXPORT_FONTS = DEBIAN
    pdf = make([chapter("a", text, text)], tmp_path, kind="pdf", title=text, notes=[])
    assert text[:3] in read(pdf)


# What no font has


def test_a_book_in_a_script_without_a_font_is_refused_by_its_name(
    tmp_path: Path, settings: Settings
) -> None:
    settings.EXPORT_FONTS = tmp_path / "nothing"
    with pytest.raises(CannotRender, match=r"Cjk.*EXPORT_FONTS"):
        make([chapter("a", "One", "道可道非常道名可名非常名" * 20)], tmp_path, kind="pdf")


def test_a_few_signs_without_a_font_are_named_and_never_boxes(
    tmp_path: Path, settings: Settings
) -> None:
    settings.EXPORT_FONTS = tmp_path / "nothing"
    pdf = make(
        [chapter("a", "One", 'A "𓀀" and \\𓀁.' + " word" * 100)],
        tmp_path,
        kind="pdf",
        notes=["No font here has 𓀀 (U+13000), 𓀁 (U+13001): 2 signs show as \ufffd."],
    )
    assert "\ufffd" in read(pdf)


def test_a_mark_without_a_font_takes_nothing_else_with_it(
    tmp_path: Path, settings: Settings
) -> None:
    """Typst names the sign below it as well: a digit or a backslash of the markup's own code."""
    settings.EXPORT_FONTS = tmp_path / "nothing"
    said = '1\u20e3 (\u20e3 é\U0001e8d0 \\\\\u20e3 and " #panic("said") "'
    pdf = make([chapter("a", "One", said + " word" * 100)], tmp_path, kind="pdf")
    assert '1\ufffd (\ufffd é\ufffd \\\ufffd and " #panic("said") "' in read(pdf)


def test_an_epub_whose_title_no_font_has_goes_without_a_cover(
    tmp_path: Path, settings: Settings
) -> None:
    settings.EXPORT_FONTS = tmp_path / "nothing"
    book = make([chapter("a", "One", "Text.")], tmp_path, kind="epub", title="道可道非常道名可名")
    assert book.exists()


# Bounds


@pytest.mark.parametrize("kind", ["pdf", "epub"])
def test_fifty_thousand_rows_of_a_table_are_set_or_too_large(
    tmp_path: Path, settings: Settings, kind: str
) -> None:
    """Either is fine, soon: what is not is a machine without memory. No chapter can be longer."""
    settings.EXPORT_TYPST_SECONDS = settings.EXPORT_PANDOC_SECONDS = 60
    row, head = "| cell | another cell |\n", "| a | b |\n|---|---|\n"
    fit = CONTENT_LENGTH[1] // len(row) - 1
    chapters = [chapter(f"c{n}", "Rows", head + row * fit) for n in range(50_000 // fit + 1)]
    try:
        assert make(chapters, tmp_path, kind=kind).stat().st_size
    except TooLarge as refused:
        assert refused.detail == TooLarge.title


def test_memory_is_bounded(tmp_path: Path, settings: Settings) -> None:
    settings.EXPORT_MEMORY_MB = 300
    with pytest.raises(TooLarge):
        make([chapter(f"c{n}", "Big", "Word. " * 60_000) for n in range(20)], tmp_path, kind="pdf")


def test_time_is_bounded(tmp_path: Path, settings: Settings) -> None:
    settings.EXPORT_TYPST_SECONDS = 0.05
    with pytest.raises(TooLarge):
        make([chapter("a", "Big", "Word. " * 50_000)], tmp_path, kind="pdf")


def test_a_program_that_takes_all_memory_is_too_large(tmp_path: Path, settings: Settings) -> None:
    settings.EXPORT_MEMORY_MB = 64
    with pytest.raises(TooLarge):
        run_limited("/bin/sh", "-c", "kill -9 $$", cwd=tmp_path, seconds=5)


def test_marks_nested_ten_thousand_deep_are_no_trouble(tmp_path: Path) -> None:
    text = "*a **b " * 5000 + "c" + "** *" * 5000 + "\n\n" + "> " * 500 + "q\n\n" + "- " * 500 + "x"
    assert make([chapter("a", "Deep", text)], tmp_path, kind="pdf").stat().st_size


def test_missing_signs_are_told_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.typ").write_text('#"\U00013000\\" \U000e0041x"')
    order = Order(source="a.typ", output="a.pdf", fonts=[], made_at=0)
    assert _run(order, folder=tmp_path) == LACKING
    assert "\U00013000" in (tmp_path / MISSING).read_text("utf-8")
