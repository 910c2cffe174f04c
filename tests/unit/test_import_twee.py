"""Twee 3: passages and links as a tree in which nothing is lost."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.imports.branching import LOOSE_TITLE
from apps.imports.errors import BadPassage, EmptyFile, Truncated
from apps.imports.shapes import ImportedStory
from apps.imports.twee import parse_twee

SAMPLE = Path(__file__).parents[2] / "apps/imports/samples/the-lighthouse-keepers-key.twee"


def twee(**passages: str) -> ImportedStory:
    return parse_twee(text="\n\n".join(f":: {name}\n{text}" for name, text in passages.items()))


def ways(story: ImportedStory) -> dict[str, list[tuple[str, str]]]:
    return {
        node.title: [(text, story.nodes[to].title) for text, to in node.choices]
        for node in story.nodes
    }


def parents(story: ImportedStory) -> dict[str, str | None]:
    return {
        node.title: None if node.parent is None else story.nodes[node.parent].title
        for node in story.nodes
    }


@pytest.mark.parametrize(
    ("link", "label"),
    [
        ("[[go->B]]", "go"),
        ("[[B<-go]]", "go"),
        ("[[go|B]]", "go"),
        ("[[B]]", "B"),
        ("[[ a -> b -> B ]]", "a -> b"),
        ("[[go->B][$x to 1]]", "go"),
    ],
)
def test_every_form_of_link_is_a_choice(link: str, label: str) -> None:
    story = twee(Start=f"Here.\n\n* {link}", B="There.")
    assert ways(story) == {"Start": [(label, "B")], "B": []}
    assert [node.content for node in story.nodes] == ["Here.", "There."]
    assert [node.is_ending for node in story.nodes] == [False, True]


def test_a_link_in_a_sentence_leaves_its_words() -> None:
    story = twee(Start="You may [[leave->B]], or\n[[stay|Start]].", B="x")
    assert story.nodes[0].content == "You may leave, or\nstay."


def test_a_passage_hangs_where_it_is_reached_soonest_and_is_linked_from_elsewhere() -> None:
    story = twee(
        Start="[[Long]]\n[[Short]]",
        Long="[[Middle]]",
        Middle="[[End]]",
        Short="[[End]]\n[[Start]]",
        End="Done. [[Once more->Long]]",
    )
    assert parents(story) == {
        "Start": None,
        "Long": "Start",
        "Short": "Start",
        "Middle": "Long",
        "End": "Short",
    }
    assert ways(story)["Middle"] == [("End", "End")]
    assert ways(story)["End"] == [("Once more", "Long")]


def test_passages_that_nothing_leads_to_are_kept_together() -> None:
    story = twee(Start="x", Tail="y", Head="[[Tail]]", Round="[[Trip]]", Trip="[[Round]]")
    assert parents(story) == {
        "Start": None,
        LOOSE_TITLE: "Start",
        "Head": LOOSE_TITLE,
        "Tail": "Head",
        "Round": LOOSE_TITLE,
        "Trip": "Round",
    }
    assert any("4 passages" in note for note in story.notes)


def test_title_author_start_tags_and_escapes_are_read() -> None:
    story = parse_twee(
        text=":: StoryTitle\nThe Lamp\n\n:: StoryAuthor\nA. Writer\n\n"
        ':: StoryData\n{"ifid": "X", "start": "A [b]"}\n\n'
        ':: A \\[b\\] [one two] {"position": "1,2"}\nText.\n\\:: no header\n\n'
        ":: Look [stylesheet]\nbody {}\n\n:: Do [script]\nalert(1)\n\n:: StoryInit\n<<set $x>>\n"
    )
    assert (story.title, story.author) == ("The Lamp", "A. Writer")
    assert [(n.title, n.content) for n in story.nodes] == [("A [b]", "Text.\n:: no header")]
    assert [re.findall(r"'(\w+)' \(line (\d+)\)", note)[0] for note in story.notes] == [
        ("Look", "14"),
        ("Do", "17"),
        ("StoryInit", "20"),
    ]


def test_a_link_to_the_web_stays_a_link() -> None:
    story = twee(Start="[[a map->https://example.org/a]]")
    assert story.nodes[0].content == "[a map](<https://example.org/a>)"
    assert story.nodes[0].choices == []


def test_a_label_too_long_for_a_choice_stays_in_the_text() -> None:
    words = "word " * 80
    node = twee(Start=f"[[{words}->Start]]").nodes[0]
    assert node.content == words.strip()
    assert len(node.choices[0][0]) <= 300


@pytest.mark.parametrize(
    ("text", "condition", "line", "said"),
    [
        (":: Start\nx\n\n:: Start\ny", BadPassage, 4, "line 1"),
        (":: Start\n\nGo [[away->Nowher]]\n:: Nowhere\nx", BadPassage, 3, "'Nowhere'"),
        (":: Begin\nx", BadPassage, 1, "'Start'"),
        (':: A\nx\n:: StoryData\n{"start": "B"}', BadPassage, 3, "'B'"),
        (':: A\nx\n:: StoryData\n{"start": ["A"]}', BadPassage, 3, "no passage"),
        (":: A\nx\n:: StoryData\n[]", BadPassage, 3, "JSON object"),
        (':: Start\nx\n:: StoryData\n{\n"ifid": nope}', BadPassage, 5, "StoryData"),
        (':: Start\nx\n:: StoryData\n{"ifid": "X",\n', Truncated, 4, "StoryData"),
        (":: Start\none\n[[two->Start", Truncated, 3, "]]"),
        (':: Start {"position": "1,', Truncated, 1, "metadata"),
        (":: Start [tag", Truncated, 1, "tags"),
        (":: Start {nope}\nx", BadPassage, 1, "JSON"),
        (":: [tag]\nx", BadPassage, 1, "name"),
        ("hello\n:: Start\nx", BadPassage, 1, "before the first passage"),
        (":: Start\n[[->]]", BadPassage, 2, "names no passage"),
        (":: Start [a] rest\nx", BadPassage, 1, "header"),
        (":: StoryTitle\nx", EmptyFile, None, "no passage"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    text: str, condition: type[Exception], line: int | None, said: str
) -> None:
    with pytest.raises(condition) as refused:
        parse_twee(text=text)
    assert refused.value.line == line
    assert said in refused.value.detail


@given(
    st.lists(st.lists(st.integers(0, 11), max_size=4), min_size=12, max_size=12), st.integers(0, 11)
)
def test_any_graph_becomes_a_tree_with_every_passage_and_every_link(
    links: list[list[int]], start: int
) -> None:
    text = "".join(
        f":: P{at}\nText {at}.\n" + "".join(f"[[to {to}->P{to}]]\n" for to in targets)
        for at, targets in enumerate(links)
    )
    data = json.dumps({"start": f"P{start}"})
    story = parse_twee(text=f":: StoryData\n{data}\n{text}")
    names = [node.title for node in story.nodes]
    assert sorted(set(names) - {LOOSE_TITLE}) == sorted(f"P{at}" for at in range(12))
    assert len(names) == len(set(names))
    assert names[0] == f"P{start}"
    assert all(node.parent is None or node.parent < at for at, node in enumerate(story.nodes))
    found = ways(story)
    for at, targets in enumerate(links):
        assert found[f"P{at}"] == [(f"to {to}", f"P{to}") for to in targets]


def test_the_sample_branches_and_loses_nothing() -> None:
    story = parse_twee(text=SAMPLE.read_text())
    assert story.title == "The Lighthouse Keeper's Key"
    assert len(story.nodes) == 11
    assert sum(node.is_ending for node in story.nodes) == 2
    assert not story.notes
