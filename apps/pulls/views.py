"""Pull requests over HTTP: parse, one call, render."""

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.access.rules import Action
from apps.chapters.pages import ChapterPage
from apps.chapters.serializers import ChapterInput
from apps.chapters.views import show_created
from apps.pulls import merging, queries, services, withholding
from apps.pulls.pages import PullListPage, PullPage
from apps.pulls.serializers import LabelsInput, MergeInput, PullEdit, PullFilter, PullInput
from apps.stories.queries import open_story
from storychain.api.authentication import SignedIn, SignedInOrReadOnly
from storychain.api.idempotency import IDEMPOTENCY_KEY, create_once
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.api.preconditions import IF_MATCH, page_etag, versions_in_if_match
from storychain.api.rates import Rate
from storychain.api.responses import (
    accepted_response,
    created_response,
    empty_response,
    json_response,
)
from storychain.api.schema import schema_for
from storychain.api.throttling import count
from storychain.cache.http import cached_response
from storychain.cache.region import Cached


class StoryPulls(APIView):
    """A story's pull requests."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(
        operation_id="pulls_list", parameters=[PullFilter], responses=schema_for(PullListPage)
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List a story's pull requests, newest first; `drafts=true` lists drafts, to reviewers."""
        limit, cursor = page_params(request)
        chosen = read_query(PullFilter, request)
        action = Action.REVIEW_PULL if chosen.get("drafts") else Action.READ
        opened = open_story(slug=slug, user_id=request.user.user_id, action=action)
        page = queries.list_story_pulls(story_slug=slug, limit=limit, cursor=cursor, **chosen)
        audience = "private" if chosen.get("drafts") else opened.audience
        return link_next(request, cached_response(request, page, audience=audience))

    @extend_schema(
        operation_id="pulls_open",
        parameters=[IDEMPOTENCY_KEY],
        request=PullInput,
        responses={201: schema_for(PullPage)},
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Propose a new chapter or an edit; a draft is shown to reviewers only."""
        wanted = read_input(PullInput, request)

        def create() -> str:
            return services.open_pull(
                story_slug=slug, author_id=request.user.user_id, now=timezone.now(), **wanted
            )

        return create_once(request, create=create, show=_show_opened)


class Children(APIView):
    """Where a chapter is continued, or a branch begun."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(
        operation_id="chapters_create_child",
        parameters=[IDEMPOTENCY_KEY],
        request=ChapterInput,
        responses={201: schema_for(ChapterPage), 202: schema_for(PullPage)},
    )
    def post(self, request: Request, slug: str, chapter_slug: str) -> HttpResponse:
        """Write a chapter that follows this one.

        201 with the chapter; where the story requires approval, 202 with the pull request that it
        has become, and `Location` says where to see what is decided.
        """
        text = read_input(ChapterInput, request)

        def create() -> str:
            arrival = services.bring_in(
                story_slug=slug,
                parent_slug=chapter_slug,
                author_id=request.user.user_id,
                text=text,
                now=timezone.now(),
            )
            return "/".join((slug, *arrival))

        return create_once(
            request, create=create, show=lambda arrived: show_arrival(request, arrived)
        )


class MyPulls(APIView):
    """What the caller proposes."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="pulls_mine", responses=schema_for(PullListPage))
    def get(self, request: Request) -> HttpResponse:
        """List the caller's own pull requests, drafts among them, newest first."""
        limit, cursor = page_params(request)
        page = queries.list_my_pulls(user_id=request.user.user_id, limit=limit, cursor=cursor)
        return link_next(request, json_response(page))


class PullDetail(APIView):
    """One pull request."""

    rate = Rate.WRITE
    permission_classes = [SignedInOrReadOnly]

    @extend_schema(operation_id="pulls_detail", responses=schema_for(PullPage))
    def get(self, request: Request, pull_id: str) -> HttpResponse:
        """Show a pull request: what it proposes, and what stands between it and its merge."""
        opened = queries.open_pull_page(pull_id=pull_id, user_id=request.user.user_id)
        page = opened.page
        return cached_response(request, page, audience=opened.audience, etag=page_etag(page))

    @extend_schema(
        operation_id="pulls_edit",
        parameters=[IF_MATCH],
        request=PullEdit,
        responses=schema_for(PullPage),
    )
    def patch(self, request: Request, pull_id: str) -> HttpResponse:
        """Change what is proposed, as its author, or what it takes to be merged, as a moderator.

        Another text has no approvals and no votes yet.
        """
        services.edit_pull(
            pull_id=pull_id,
            caller_id=request.user.user_id,
            changes=read_input(PullEdit, request, partial=True),
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return _show(pull_id)

    @extend_schema(operation_id="pulls_withhold", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, pull_id: str) -> HttpResponse:
        """Take its title and texts away, for good: its author may, and moderators.

        What is undecided is closed. What became of it and what others said stay, and so does a
        chapter that has come of it; one that is removed takes these texts along.
        """
        withholding.withhold_pull(
            pull_id=pull_id,
            caller_id=request.user.user_id,
            expected=versions_in_if_match(request),
            now=timezone.now(),
        )
        return empty_response()


class Merge(APIView):
    """Where a pull request is taken over."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="pulls_merge", request=MergeInput, responses=schema_for(PullPage))
    def post(self, request: Request, pull_id: str) -> HttpResponse:
        """Make it a chapter, or a chapter's new version; 409 says what is missing.

        409 `pull-over` if somebody has merged it, `version-moved` if the edited chapter has moved
        on.
        """
        is_forced = read_input(MergeInput, request).get("force", False)
        if is_forced:
            count(request, Rate.CRITICAL, caller=request.user.user_id)
        merging.merge_pull(
            pull_id=pull_id,
            caller_id=request.user.user_id,
            is_forced=is_forced,
            now=timezone.now(),
        )
        return _show(pull_id)


class _Step(APIView):
    """A step in a pull request's life."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    def _take(self, request: Request, pull_id: str, step: Callable[..., None]) -> HttpResponse:
        step(pull_id=pull_id, caller_id=request.user.user_id, now=timezone.now())
        return _show(pull_id)


class Close(_Step):
    """The way out."""

    @extend_schema(operation_id="pulls_close", request=None, responses=schema_for(PullPage))
    def post(self, request: Request, pull_id: str) -> HttpResponse:
        """End it without taking it over: its author may, and moderators."""
        return self._take(request, pull_id, services.close_pull)


class Reopen(_Step):
    """The way back."""

    @extend_schema(operation_id="pulls_reopen", request=None, responses=schema_for(PullPage))
    def post(self, request: Request, pull_id: str) -> HttpResponse:
        """Take it up again: moderators may, and its author if he closed it."""
        return self._take(request, pull_id, services.reopen_pull)


class Labels(APIView):
    """What a pull request is filed under."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(operation_id="pulls_label", request=LabelsInput, responses=schema_for(PullPage))
    def post(self, request: Request, pull_id: str) -> HttpResponse:
        """Give it these labels in the place of those that it had; reviewers may."""
        labels = read_input(LabelsInput, request)["labels"]
        services.set_labels(
            pull_id=pull_id, caller_id=request.user.user_id, labels=labels, now=timezone.now()
        )
        return _show(pull_id)


def show_arrival(request: Request, arrived: str) -> HttpResponse:
    """Show what a text has become: 201 with a chapter, or 202 with a pull request.

    `arrived` is the story's slug, "chapter" or "pull", and the slug or id, with slashes between.
    """
    story_slug, what, name = arrived.split("/")
    if what == "pull":
        return accepted_response(_page(name), location=_place(name))
    return show_created(request, story_slug, name)


def _page(pull_id: str) -> Cached[PullPage]:
    return queries.get_pull(pull_id=pull_id)


def _place(pull_id: str) -> str:
    return reverse("pull-detail", kwargs={"pull_id": pull_id})


def _show_opened(pull_id: str) -> HttpResponse:
    page = _page(pull_id)
    response = created_response(page, location=_place(pull_id))
    response.headers["ETag"] = page_etag(page)
    return response


def _show(pull_id: str) -> HttpResponse:
    page = _page(pull_id)
    response = json_response(page)
    response.headers["ETag"] = page_etag(page)
    return response
