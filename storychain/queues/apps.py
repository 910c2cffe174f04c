"""Registers what the queues show of themselves, and how the outbox reaches them."""

from django.apps import AppConfig


class QueuesConfig(AppConfig):
    """The queues."""

    name = "storychain.queues"
    label = "queues"

    def ready(self) -> None:
        """Import what registers itself."""
        from storychain.observability.health import register_section  # noqa: PLC0415
        from storychain.observability.metrics import register_figures  # noqa: PLC0415
        from storychain.queues import delivery  # noqa: F401, PLC0415
        from storychain.queues.figures import QueueFigures  # noqa: PLC0415
        from storychain.queues.presence import worker_health  # noqa: PLC0415
        from storychain.queues.stats import stats  # noqa: PLC0415

        register_section("queues", stats)
        register_section("workers", worker_health)
        register_figures(QueueFigures())
