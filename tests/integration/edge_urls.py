"""Routes that show the API's edge alone: who calls, what came in, and every way to fail."""

from collections.abc import Callable
from typing import Any

import mongoengine.errors
import msgspec
import pymongo.errors
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from storychain import errors
from storychain.api.authentication import SignedIn
from storychain.api.pagination import link_next, page_params
from storychain.api.parsing import read_input, read_query
from storychain.observability.correlation import current_request_id
from storychain.observability.health import health, livez, readyz
from storychain.observability.metrics import metrics


class Inner(serializers.Serializer):
    genres = serializers.ListField(child=serializers.CharField(max_length=10), required=False)
    depth = serializers.IntegerField(required=False, min_value=1)


class Choice(serializers.Serializer):
    text = serializers.CharField()


class Everything(serializers.Serializer):
    title = serializers.CharField(min_length=3, max_length=20)
    settings = Inner(required=False)
    choices = Choice(many=True, required=False)
    rating = serializers.ChoiceField(choices=["teen", "mature"], required=False)
    is_ending = serializers.BooleanField(required=False)
    at = serializers.DateTimeField(required=False)
    score = serializers.FloatField(required=False)
    link = serializers.URLField(required=False)


class Filters(serializers.Serializer):
    tag = serializers.CharField(max_length=10, required=False)
    flag = serializers.BooleanField(required=False)
    many = serializers.ListField(child=serializers.CharField(), required=False)


class Who(APIView):
    def get(self, request: Request) -> JsonResponse:
        caller = request.user
        return JsonResponse({"user_id": caller.user_id, "session_id": caller.session_id})


class Closed(Who):
    permission_classes = [SignedIn]


class Echo(APIView):
    def get(self, request: Request) -> JsonResponse:
        limit, cursor = page_params(request)
        return JsonResponse({"limit": limit, "cursor": cursor, **read_query(Filters, request)})

    def post(self, request: Request) -> HttpResponse:
        body = msgspec.json.encode(read_input(Everything, request))
        return HttpResponse(body, content_type="application/json")

    def patch(self, request: Request) -> HttpResponse:
        body = msgspec.json.encode(read_input(Everything, request, partial=True))
        return HttpResponse(body, content_type="application/json")


class Linked(APIView):
    def get(self, request: Request) -> HttpResponse:
        return link_next(request, JsonResponse({"items": [], "next_cursor": "a.b"}))


class Tired(errors.TooMany):
    code = "tired"
    retry_after = 61


def _wrapped() -> Exception:
    error = mongoengine.errors.OperationError("wrapped")
    error.__context__ = pymongo.errors.ExecutionTimeout("operation exceeded time limit", 50)
    return error


FAILURES: dict[str, Callable[[], Exception]] = {
    "defect": lambda: RuntimeError("the password is swordfish"),
    "not-found": lambda: errors.NotFound("No such story."),
    "forbidden": errors.Forbidden,
    "conflict": errors.Conflict,
    "precondition": errors.PreconditionFailed,
    "invalid": lambda: errors.Invalid(fields={"a.b": ["why"]}),
    "too-many": Tired,
    "unauthenticated": errors.Unauthenticated,
    "unavailable": errors.Unavailable,
    "http404": lambda: Http404("secret reason"),
    "denied": lambda: PermissionDenied("secret reason"),
    "suspicious": lambda: SuspiciousOperation("secret reason"),
    "too-big": lambda: RequestDataTooBig("secret reason"),
    "throttled": lambda: exceptions.Throttled(wait=12.3),
    "parse-error": lambda: exceptions.ParseError("No."),
    "validation": lambda: exceptions.ValidationError(
        {"a": [{}, {"b": ["why"]}], "c": {"0": ["no"], "1": {"non_field_errors": ["bad"]}}}
    ),
    "validation-list": lambda: exceptions.ValidationError(["why"]),
    "mongo-gone": lambda: pymongo.errors.ServerSelectionTimeoutError("mongo-secret:27017"),
    "mongo-slow": lambda: pymongo.errors.NetworkTimeout("mongo-secret:27017 timed out"),
    "mongo-wrapped": _wrapped,
    "sql-gone": lambda: OperationalError("sql-secret"),
}


class Fail(APIView):
    def get(self, request: Request, how: str) -> HttpResponse:
        error = FAILURES[how]()
        raise error


def fail_plainly(_request: HttpRequest, how: str) -> HttpResponse:
    error = FAILURES[how]()
    raise error


@require_GET
def only_get(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(current_request_id())


def read_form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(len(request.POST))


def _view(view: type[APIView]) -> Any:
    return view.as_view()


urlpatterns = [
    path("api/v1/who", _view(Who)),
    path("api/v1/closed", _view(Closed)),
    path("api/v1/echo", _view(Echo), name="echo"),
    path("api/v1/linked", _view(Linked)),
    path("api/v1/fail/<str:how>", _view(Fail)),
    path("plain/fail/<str:how>", fail_plainly),
    path("plain/only-get", only_get),
    path("plain/form", read_form),
    path("livez", livez),
    path("readyz", readyz),
    path("health", health),
    path("metrics", metrics),
]

handler400 = handler403 = handler404 = "storychain.api.handlers.client_error"
handler500 = "storychain.api.handlers.server_error"
