"""A Twee 3 file as a tree of chapters.

    passages -> links -> branching.py -> chapters

Text stays as it is, read as Markdown; macros of a story format stay as text. Style sheets, scripts
and the passages that drive a story format are left out, and the notes say so.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from apps.imports.branching import Scene, grow_tree
from apps.imports.errors import LONGEST_QUOTE, BadPassage, EmptyFile, quote
from apps.imports.links import Link, take_links
from apps.imports.passages import Passage, cut_passages, read_json
from apps.imports.shapes import ImportedStory

ABOUT = ("StoryTitle", "StoryData", "StoryAuthor")
CODE_TAGS = {"script", "stylesheet", "Twine.private"}
MACHINERY = {
    *("StorySubtitle", "StoryCaption", "StoryMenu", "StoryBanner", "StoryInit", "StorySettings"),
    *("StoryIncludes", "StoryInterface", "StoryShare", "StoryDisplayTitle"),
    *("PassageHeader", "PassageFooter", "PassageReady", "PassageDone"),
}
DEFAULT_START = "Start"


def parse_twee(*, text: str) -> ImportedStory:
    """Return a Twee 3 story as a tree.

    Raise EmptyFile, BadPassage (a name twice, a link or start that names no passage, a broken
    header) or Truncated (a link, tags, metadata or story data that do not end), with its line.
    """
    passages = {passage.name: passage for passage in cut_passages(text=text)}
    about = {name: passages[name] for name in ABOUT if name in passages}
    code = [p for p in passages.values() if p.tags & CODE_TAGS or p.name in MACHINERY]
    scenes = _read_scenes(passages, without={*about, *(p.name for p in code)})
    if not scenes:
        raise EmptyFile("There is no passage to read in it.", mend="Add a passage ':: Start'.")
    start = _find_start(about.get("StoryData"), scenes)
    tree = grow_tree(scenes=scenes, start=start)
    return ImportedStory(
        title=_text_of(about, "StoryTitle"),
        author=_text_of(about, "StoryAuthor"),
        nodes=tree.nodes,
        notes=[*_tell_left_out(code, scenes.values()), *tree.notes],
    )


def _read_scenes(passages: Mapping[str, Passage], *, without: set[str]) -> dict[str, Scene]:
    scenes = {
        name: Scene(name, *_unlink(passage), **_told(passage.told))
        for name, passage in passages.items()
        if name not in without
    }
    for scene in scenes.values():
        for link in scene.links:
            if link.target not in scenes:
                raise _explain_broken(link, scene, scenes)
    return scenes


def _unlink(passage: Passage) -> tuple[str, list[Link], int]:
    found = take_links(text=passage.text, first_line=passage.line)
    return found.text, list(found.links), found.setters


def _told(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what our own export tells of a passage; whatever else stands there is not for us."""
    kinds = {"parent": str, "title": str, "ending": bool}
    told = {key: metadata.get(key) for key, kind in kinds.items()}
    sound = {key: said for key, said in told.items() if isinstance(said, kinds[key])}
    return {"is_ending" if key == "ending" else key: said for key, said in sound.items()}


def _explain_broken(link: Link, scene: Scene, scenes: Iterable[str]) -> BadPassage:
    short = [name for name in scenes if len(name) <= LONGEST_QUOTE]
    close = get_close_matches(link.target[:LONGEST_QUOTE], short, n=1)
    return BadPassage(
        f"In {quote(scene.name)} a link leads to {quote(link.target)}, which is no passage.",
        line=link.line,
        mend=f"Did you mean {close[0]!r}?" if close else "Add the passage or remove the link.",
    )


def _find_start(data: Passage | None, scenes: Mapping[str, Scene]) -> str:
    """Return the name of the passage that the story begins with."""
    said = None
    if data is not None:
        found = read_json(text=data.text, line=data.line, what="passage StoryData")
        said = found.get("start")
    start = DEFAULT_START if said is None else said
    if not isinstance(start, str) or start not in scenes:
        raise BadPassage(
            f"The story begins with {quote(str(start))}, which is no passage.",
            line=data.line if data else 1,
            mend=f'Name a passage as "start" in StoryData, or call one {DEFAULT_START!r}.',
        )
    return start


def _text_of(about: Mapping[str, Passage], name: str) -> str:
    return " ".join(about[name].text.split()) if name in about else ""


def _tell_left_out(code: Iterable[Passage], scenes: Iterable[Scene]) -> list[str]:
    notes = [
        f"The passage {quote(p.name)} (line {p.line:,}) was left out: it is code." for p in code
    ]
    if setters := sum(scene.setters for scene in scenes):
        notes.append(f"{setters:,} links lost the code behind them ([[...][code]]).")
    return notes
