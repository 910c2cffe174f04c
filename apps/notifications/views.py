"""The caller's notifications over HTTP: parse, one call, render."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.notifications import queries, services
from apps.notifications.pages import NotificationListPage, NotificationPage, UnreadCount
from apps.notifications.serializers import ListInput
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_query
from storychain.api.rates import Rate
from storychain.api.responses import json_response
from storychain.api.schema import schema_for
from storychain.cache.http import cached_response


class Notifications(APIView):
    """What the caller was told."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="notifications_list",
        parameters=[ListInput],
        responses=schema_for(NotificationListPage),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the caller's notifications, newest first; `unread=true` shows only those."""
        limit, cursor = page_params(request)
        page = queries.list_notifications(
            user_id=request.user.user_id,
            is_unread=read_query(ListInput, request)["unread"],
            limit=limit,
            cursor=cursor,
        )
        return link_next(request, cached_response(request, page, audience="private"))


class Count(APIView):
    """How much the caller has not read yet."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="notifications_count", responses=schema_for(UnreadCount))
    def get(self, request: Request) -> HttpResponse:
        """Count the caller's unread notifications."""
        page = queries.count_unread(user_id=request.user.user_id)
        return cached_response(request, page, audience="private")


class Read(APIView):
    """One of the caller's notifications, read."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="notifications_read", request=None, responses=schema_for(NotificationPage)
    )
    def post(self, request: Request, notification_id: str) -> HttpResponse:
        """Mark a notification as read; one that was read before keeps its time."""
        user_id = request.user.user_id
        services.mark_read(notification_id=notification_id, user_id=user_id, now=timezone.now())
        return json_response(
            queries.get_notification(notification_id=notification_id, user_id=user_id)
        )


class ReadAll(APIView):
    """All of the caller's notifications, read."""

    rate = Rate.WRITE
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="notifications_read_all", request=None, responses=schema_for(UnreadCount)
    )
    def post(self, request: Request) -> HttpResponse:
        """Mark everything that the caller was told until now as read; show what is left."""
        services.mark_all_read(user_id=request.user.user_id, now=timezone.now())
        return json_response(queries.count_unread(user_id=request.user.user_id))
