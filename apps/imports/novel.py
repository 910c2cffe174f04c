"""A plain-text novel, as Project Gutenberg and word processors write it, cut at its chapters.

    frame -> blocks -> outline -> sections -> titles -> a chain of chapters

Left out are only Project Gutenberg's frame and credits, lists of contents and pictures, the title
page (title and author are fields of the story), a transcriber's note before the first chapter and
the marks of pictures that have no caption. The notes say where lists and notes stood.
"""

from collections.abc import Iterator, Sequence

from apps.imports.blocks import Block, cut_blocks
from apps.imports.errors import EmptyFile
from apps.imports.front import clear_front, read_title_page, say_left_out
from apps.imports.gutenberg import find_frame
from apps.imports.headings import Heading
from apps.imports.outline import Outline, draw_outline
from apps.imports.shapes import ImportedStory, lay_chain
from apps.imports.titles import Section, take_titles

OPENING = "Opening"


def parse_novel(*, text: str) -> ImportedStory:
    """Return a novel as a chain of chapters, one chapter where no heading is found.

    Raise EmptyFile, or Truncated where Project Gutenberg's frame is broken.
    """
    lines = text.split("\n")
    frame = find_frame(lines)
    blocks = cut_blocks(lines[frame.first : frame.end], first_line=frame.first + 1)
    outline = draw_outline(blocks)
    front, *chapters = _cut_sections(blocks, outline)
    title, author = frame.title, frame.author
    if not title:
        title, author = read_title_page(front.blocks)
    front.blocks, notes = clear_front(front.blocks, title=title, author=author, is_all=not chapters)
    sections = [front, *chapters] if front.blocks or not chapters else chapters
    texts = list(_name_chapters(sections, title=title))
    if not any(content for _, content in texts):
        raise EmptyFile("There are headings, lists or marks, and no text below them.")
    notes = [*_tell_contents(blocks, outline), *notes]
    return ImportedStory(title=title, author=author, nodes=lay_chain(texts), notes=notes)


def _cut_sections(blocks: Sequence[Block], outline: Outline) -> list[Section]:
    """Return what stands before the first heading, then one section for each heading."""
    sections = [Section(None, [])]
    for at, block in enumerate(blocks):
        if at in outline.contents:
            continue
        head = outline.heads.get(at)
        if head and not _repeats(head.heading, sections[-1].heading):
            sections.append(Section(head.heading, list(head.rest)))
        else:
            sections[-1].blocks.append(block)
    take_titles(sections)
    return sections


def _repeats(heading: Heading, before: Heading | None) -> bool:
    """Tell whether a heading without number stands again inside its own chapter."""
    return before is not None and not heading.number and heading.key == before.key


def _name_chapters(sections: Sequence[Section], *, title: str) -> Iterator[tuple[str, str]]:
    """Return (title, content) of each chapter; a heading right above another lends it its name."""
    outer: list[str] = []
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        content = "\n\n".join(filter(None, (block.to_markdown() for block in section.blocks)))
        heading = section.heading
        if heading is None:
            yield (OPENING if len(sections) > 1 else title or OPENING), content
        elif not content and following and _holds(heading, following.heading):
            outer.append(heading.text)
        else:
            yield ", ".join([*outer, heading.text]), content
            outer = []


def _holds(heading: Heading, below: Heading | None) -> bool:
    return heading.is_outer or (below is not None and below.kind != heading.kind)


def _tell_contents(blocks: Sequence[Block], outline: Outline) -> Iterator[str]:
    """Say where each list stood that was left out."""
    group: list[Block] = []
    for at, block in enumerate([*blocks, None]):
        if block is not None and at in outline.contents:
            group.append(block)
        elif group:
            yield say_left_out("A list of contents", group)
            group = []
