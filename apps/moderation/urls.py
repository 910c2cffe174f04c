"""Where reports, bans and appeals are found; none of it is cached."""

from django.urls import path

from apps.moderation import act_views, appeal_views, ban_views, views

STORY = "stories/<str:slug>"
urlpatterns = [
    path("reports", views.Reports.as_view(), name="reports"),
    path("reports/<str:report_id>", views.ReportDetail.as_view(), name="report-detail"),
    path(
        "reports/<str:report_id>/decision", views.ReportDecision.as_view(), name="report-decision"
    ),
    path("appeals", appeal_views.Appeals.as_view(), name="appeals"),
    path("appeals/<str:appeal_id>", appeal_views.AppealDetail.as_view(), name="appeal-detail"),
    path(
        "appeals/<str:appeal_id>/decision",
        appeal_views.AppealVerdict.as_view(),
        name="appeal-decision",
    ),
    path(f"{STORY}/reports", views.StoryReports.as_view(), name="story-reports"),
    path(f"{STORY}/appeals", appeal_views.StoryAppeals.as_view(), name="story-appeals"),
    path(f"{STORY}/acts", act_views.StoryActs.as_view(), name="story-acts"),
    path(f"{STORY}/bans", ban_views.StoryBans.as_view(), name="story-bans"),
    path(f"{STORY}/bans/<str:user_id>", ban_views.StoryBanDetail.as_view(), name="story-ban"),
    path(f"{STORY}/chapters/<str:chapter_slug>/flag", views.Flag.as_view(), name="chapter-flag"),
    path("moderation/reports", views.PlatformReports.as_view(), name="moderation-reports"),
    path("moderation/appeals", appeal_views.PlatformAppeals.as_view(), name="moderation-appeals"),
    path("moderation/acts", act_views.Acts.as_view(), name="moderation-acts"),
    path("moderation/bans", ban_views.PlatformBans.as_view(), name="moderation-bans"),
    path(
        "moderation/bans/<str:user_id>",
        ban_views.PlatformBanDetail.as_view(),
        name="moderation-ban",
    ),
    path("moderation/roles", ban_views.Roles.as_view(), name="moderation-roles"),
    path("moderation/roles/<str:user_id>", ban_views.RoleDetail.as_view(), name="moderation-role"),
]
