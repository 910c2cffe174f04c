"""Chapters over HTTP: a tree grows, is edited, loses a branch, and stays whole."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.chapters.documents import Chapter, ChapterVersion
from apps.chapters.walking import list_reading_order
from apps.stories.documents import Story
from apps.stories.limits import DEEPEST
from tests.factories import (
    PARAGRAPH,
    Caller,
    chapter_body,
    join,
    publish,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)

ANYONE = Caller()


def test_a_chapter_is_read_twice_missed_then_hit_and_its_edit_seen_at_once() -> None:
    author = sign_in()
    story, root = published_story(author)
    path = f"/stories/{story}/chapters/{root}"
    assert [ANYONE.get(path)["X-Cache"] for _ in range(3)] == ["MISS", "HIT", "HIT"]
    edit = {"content": "Nobody had lived in the house for eleven years, or so the town believed."}
    assert author.patch(path, edit).status_code == 200
    after = ANYONE.get(path)
    assert after.json()["content"] == edit["content"]
    assert after.json()["version"] == 2
    assert ChapterVersion.objects(chapter_slug=root).get().content == PARAGRAPH


def test_one_edit_leaves_the_other_chapters_pages_cached() -> None:
    author = sign_in()
    story, root = published_story(author)
    child = write_child(author, story, root)
    for slug in (root, child):
        ANYONE.get(f"/stories/{story}/chapters/{slug}")
    author.patch(f"/stories/{story}/chapters/{child}", {"content": PARAGRAPH + " Twice."})
    assert ANYONE.get(f"/stories/{story}/chapters/{root}")["X-Cache"] == "HIT"


def test_a_new_child_shows_on_its_parent_and_in_the_tree_at_once() -> None:
    author = sign_in()
    story, root = published_story(author)
    pages = [
        f"/stories/{story}/chapters/{root}",
        f"/stories/{story}/tree",
        f"/stories/{story}/chapters",
        f"/stories/{story}",
    ]
    for path in pages:
        ANYONE.get(path)
    child = write_child(author, story, root, title="Cellar", choice_text="Go down")
    parent, tree, rows, page = (ANYONE.get(path).json() for path in pages)
    assert parent["choices"] == [{"text": "Go down", "chapter_slug": child}]
    assert [node["slug"] for node in tree["nodes"]] == [root, child]
    assert [row["slug"] for row in rows["items"]] == [root, child]
    assert page["stats"]["total_chapters"] == 2
    node = ANYONE.get(f"/stories/{story}/chapters/{child}").json()
    assert (node["depth"], node["branch_index"], node["ancestor_slugs"]) == (1, 0, [root])


def test_the_way_to_a_chapter_is_labelled_anew_without_a_new_version() -> None:
    author, other = sign_in(), sign_in()
    story, root = published_story(author)
    child = write_child(other, story, root, title="Cellar", choice_text="Go dwon")
    parent, path = (f"/stories/{story}/chapters/{slug}" for slug in (root, child))
    assert ANYONE.get(parent).json()["choices"][0]["text"] == "Go dwon"
    begun_on = other.get(path)["ETag"]
    answer = other.patch(path, {"choice_text": "Go down"}, **{"If-Match": begun_on})
    assert answer.status_code == 200, answer.content
    page = ANYONE.get(parent)
    assert page.json()["choices"] == [{"text": "Go down", "chapter_slug": child}]
    assert page["ETag"].startswith('"1-')  # nor is it another text of the parent
    edit = {"title": "The vault", "choice_text": "Down again"}
    assert other.patch(path, edit, **{"If-Match": begun_on}).json()["version"] == 2
    assert ANYONE.get(parent).json()["choices"][0]["text"] == "Down again"
    late = other.patch(path, {"choice_text": "Up"}, **{"If-Match": begun_on})
    assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")
    assert sign_in().patch(path, {"choice_text": "Mine"}).status_code == 403
    refused = author.patch(parent, {"choice_text": "In"})
    assert refused.json()["errors"].keys() == {"choice_text"}
    assert ANYONE.get(parent).json()["choices"][0]["text"] == "Down again"


def test_a_draft_appears_with_the_label_that_it_was_given_last() -> None:
    author = sign_in()
    story, root = published_story(author)
    later = (timezone.now() + timedelta(days=1)).isoformat()
    child = write_child(author, story, root, choice_text="In", publish_at=later)
    path = f"/stories/{story}/chapters/{child}"
    assert author.patch(path, {"choice_text": "Down"}).status_code == 200
    assert author.get(f"/stories/{story}/chapters/{root}").json()["choices"] == []
    assert author.post(f"{path}/publish").status_code == 200
    [way] = ANYONE.get(f"/stories/{story}/chapters/{root}").json()["choices"]
    assert way == {"text": "Down", "chapter_slug": child}


def test_a_story_has_one_root() -> None:
    author = sign_in()
    story = start_story(author)
    write_root(author, story)
    answer = author.post(f"/stories/{story}/chapters", chapter_body())
    assert answer.status_code == 409
    assert answer.json()["code"] == "root-exists"
    assert Story.objects(slug=story).get().stats.total_chapters == 1


def test_siblings_written_at_once_get_distinct_branches(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UNIT_OF_WORK_SECONDS = 30  # four that wait for one another on a busy machine
    monkeypatch.setattr("apps.chapters.documents.MOST_BRANCHES", 50)
    author = sign_in()
    story, root = published_story(author)
    writers = [sign_in() for _ in range(4)]

    def write(number: int) -> int:
        path = f"/stories/{story}/chapters/{root}/children"
        return writers[number % 4].post(path, chapter_body(f"Way {number}")).status_code

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(write, range(55)))
    assert sorted(codes) == [201] * 50 + [409] * 5  # as many as a chapter may have
    children = Chapter.objects(story_slug=story, parent_slug=root)
    assert sorted(c.branch_index for c in children) == list(range(50))
    numbers = sorted(c.number for c in Chapter.objects(story_slug=story))
    assert numbers == list(range(1, 52))
    stored = Story.objects(slug=story).get()
    assert stored.stats.total_chapters == 51
    assert stored.stats.unique_contributors == 5


def test_a_chapter_has_ten_branches_and_no_more() -> None:
    author = sign_in()
    story, root = published_story(author)
    path = f"/stories/{story}/chapters/{root}/children"
    codes = [author.post(path, chapter_body()).status_code for _ in range(11)]
    assert codes == [201] * 10 + [409]


def test_depth_is_bound_by_the_storys_setting() -> None:
    author = sign_in()
    story, root = published_story(author, settings={"max_depth": 1})
    child = write_child(author, story, root)
    answer = author.post(f"/stories/{story}/chapters/{child}/children", chapter_body())
    assert answer.status_code == 409
    assert answer.json()["code"] == "too-deep"


def test_the_deepest_story_is_read_to_its_end_and_goes_no_deeper() -> None:
    author = sign_in()
    story = start_story(author, settings={"max_depth": DEEPEST})
    bottom = dig(author, story, depth=DEEPEST - 1)
    publish(author, story)
    last = write_child(author, story, bottom)
    refused = author.post(f"/stories/{story}/chapters/{last}/children", chapter_body())
    assert (refused.status_code, refused.json()["code"]) == (409, "too-deep")
    assert str(DEEPEST) in refused.json()["detail"]

    page = ANYONE.get(f"/stories/{story}/chapters/{last}").json()
    path = [*page["ancestor_slugs"], last]
    assert (page["depth"], len(set(path))) == (DEEPEST, DEEPEST + 1)
    tree = ANYONE.get(f"/stories/{story}/tree").json()["nodes"]
    assert [(n["slug"], n["depth"]) for n in tree] == [(s, n) for n, s in enumerate(path)]
    assert [n["parent_slug"] for n in tree] == [None, *path[:-1]]
    assert list_reading_order(story_slug=story) == path
    assert list_reading_order(story_slug=story, path_to=last) == path


def dig(author: Caller, story: str, *, depth: int) -> str:
    """Store a chain of chapters that goes so deep, past the services; return the last one's slug.

    Only the last knows all above it, as it alone is asked: of all it would be half a million slugs,
    which the stand-in reads for seconds.
    """
    root = write_root(author, story)
    slugs = [root, *(f"step-{number}" for number in range(1, depth + 1))]
    shared = Chapter.objects.get(slug=root).to_mongo().to_dict()
    chain = [
        {**shared, "_id": slug, "parent_slug": above, "depth": at, "number": at + 1}
        for at, (above, slug) in enumerate(pairwise(slugs), start=1)
    ]
    chain[-1]["ancestor_slugs"] = slugs[:-1]
    for start in range(0, depth, 100):
        Chapter._get_collection().insert_many(chain[start : start + 100])
    Story.objects(slug=story).update_one(set__next_number=depth + 2)
    return slugs[-1]


def test_a_chapter_with_children_is_emptied_and_its_children_stay() -> None:
    author = sign_in()
    story, root = published_story(author)
    middle = write_child(author, story, root)
    leaf = write_child(author, story, middle)
    path = f"/stories/{story}/chapters/{middle}"
    ANYONE.get(path)
    assert author.delete(path).status_code == 204
    page = ANYONE.get(path).json()
    assert (page["status"], page["content"], page["html"]) == ("removed", "", "")
    assert page["choices"][0]["chapter_slug"] == leaf
    assert ANYONE.get(f"/stories/{story}/chapters/{leaf}").status_code == 200
    assert author.delete(path).status_code == 409
    further = author.post(f"{path}/children", chapter_body())
    assert (further.status_code, further.json()["code"]) == (409, "chapter-removed")


def test_a_leaf_goes_with_every_way_to_it() -> None:
    author = sign_in()
    story, root = published_story(author)
    leaf = write_child(author, story, root)
    for path in (f"/stories/{story}/tree", f"/stories/{story}/chapters/{root}"):
        ANYONE.get(path)
    assert author.delete(f"/stories/{story}/chapters/{leaf}").status_code == 204
    assert ANYONE.get(f"/stories/{story}/chapters/{leaf}").status_code == 404
    assert ANYONE.get(f"/stories/{story}/chapters/{root}").json()["choices"] == []
    assert len(ANYONE.get(f"/stories/{story}/tree").json()["nodes"]) == 1
    assert ANYONE.get(f"/stories/{story}").json()["stats"]["total_chapters"] == 1
    # The branch's index is not given again.
    write_child(author, story, root)
    assert Chapter.objects(story_slug=story, parent_slug=root).get().branch_index == 1


def test_a_published_story_keeps_its_first_chapter() -> None:
    author = sign_in()
    story, root = published_story(author)
    answer = author.delete(f"/stories/{story}/chapters/{root}")
    assert answer.status_code == 409
    assert answer.json()["code"] == "last-chapter"


def test_an_edit_on_an_old_version_is_refused() -> None:
    author = sign_in()
    story, root = published_story(author)
    path = f"/stories/{story}/chapters/{root}"
    assert author.patch(path, {"title": "First", "base_version": 1}).status_code == 200
    late = author.patch(path, {"title": "Second", "base_version": 1})
    assert late.status_code == 409
    assert late.json()["code"] == "version-moved"
    assert ANYONE.get(path).json()["title"] == "First"


def test_only_its_author_and_co_authors_change_a_chapter() -> None:
    owner, writer, stranger = sign_in(), sign_in(), sign_in()
    story, root = published_story(owner)
    child = write_child(writer, story, root)
    path = f"/stories/{story}/chapters/{child}"
    assert stranger.patch(path, {"title": "Mine"}).status_code == 403
    assert writer.patch(path, {"title": "His"}).status_code == 200
    assert owner.patch(path, {"title": "Edited"}).status_code == 200
    assert writer.patch(f"/stories/{story}/chapters/{root}", {"title": "No"}).status_code == 403


def test_a_story_that_wants_approval_sends_writers_to_pull_requests() -> None:
    owner, writer = sign_in(), sign_in()
    story, root = published_story(owner, settings={"require_approval": True})
    answer = writer.post(f"/stories/{story}/chapters/{root}/children", chapter_body())
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/pulls/{answer.json()['id']}"
    write_child(owner, story, root)
    first = start_story(owner, settings={"require_approval": True})
    member = join(owner, first, "contributor")  # no pull request can bring a first chapter
    refused = member.post(f"/stories/{first}/chapters", chapter_body())
    assert (refused.status_code, refused.json()["code"]) == (403, "approval-required")


def test_a_chapter_is_found_only_under_its_own_story() -> None:
    author = sign_in()
    story, _ = published_story(author)
    other = start_story(author, title="Another")
    hidden = write_root(author, other)
    assert ANYONE.get(f"/stories/{story}/chapters/{hidden}").status_code == 404
    publish(author, other)
    assert ANYONE.get(f"/stories/{story}/chapters/{hidden}").status_code == 404
    assert ANYONE.get(f"/stories/{other}/chapters/{hidden}").status_code == 200


def test_an_unchanged_page_costs_no_second_transfer() -> None:
    author = sign_in()
    story, root = published_story(author)
    path = f"/stories/{story}/chapters/{root}"
    etag = ANYONE.get(path)["ETag"]
    assert ANYONE.get(path, **{"If-None-Match": etag}).status_code == 304
    author.patch(path, {"title": "Other"})
    assert ANYONE.get(path, **{"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "T", "content": "x" * 49}, "content"),
        ({"title": "T", "content": " " * 30 + "x" * 49 + "\n" * 30}, "content"),
        ({"title": "T", "content": "x" * 80_001}, "content"),
        ({"title": "", "content": PARAGRAPH}, "title"),
        ({"title": "One\nTwo", "content": PARAGRAPH}, "title"),
        ({"title": "One\u2028Two", "content": PARAGRAPH}, "title"),
        ({"title": "T", "content": {"$gt": ""}}, "content"),
        ({"title": "T", "content": PARAGRAPH, "depth": 3}, "depth"),
        ({"title": "T", "content": PARAGRAPH, "is_ending": "perhaps"}, "is_ending"),
    ],
)
def test_bad_chapters_are_refused_by_field_and_nothing_is_kept(body: object, field: str) -> None:
    author = sign_in()
    story = start_story(author)
    answer = author.post(f"/stories/{story}/chapters", body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert Chapter.objects(story_slug=story).count() == 0


@pytest.mark.parametrize(
    "text", ["x" * 50, "x" * 80_000, "吾輩は猫である。" * 10, "שלום עולם " * 10, "e\u0301" * 60]
)
def test_good_chapters_of_any_script_come_back_as_they_were(text: str) -> None:
    author = sign_in()
    story = start_story(author)
    root = author.post(f"/stories/{story}/chapters", {"title": "T", "content": text}).json()["slug"]
    assert author.get(f"/stories/{story}/chapters/{root}").json()["content"] == text
