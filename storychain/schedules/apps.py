"""Schedules as a Django app: their model, their commands, their pages in the admin."""

from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    """The platform's schedules."""

    name = "storychain.schedules"
    label = "schedules"

    def ready(self) -> None:
        """Register what others show or call."""
        from storychain.observability.health import register_section  # noqa: PLC0415
        from storychain.observability.metrics import register_figures  # noqa: PLC0415
        from storychain.schedules import arming  # noqa: F401, PLC0415
        from storychain.schedules.figures import ScheduleFigures  # noqa: PLC0415
        from storychain.schedules.health import scheduler_health  # noqa: PLC0415

        register_section("scheduler", scheduler_health)
        register_figures(ScheduleFigures())
