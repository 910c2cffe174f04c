"""The platform as a Django app: its management commands, and what registers itself at start-up."""

from django.apps import AppConfig


class StorychainConfig(AppConfig):
    """The platform."""

    name = "storychain"
    label = "storychain"

    def ready(self) -> None:
        """Register what the platform stands on; without either Redis it still serves."""
        from storychain import mongodb, redis  # noqa: PLC0415 - they need the settings
        from storychain.observability.health import register_probe  # noqa: PLC0415 - as above
        from storychain.observability.metrics import register_figures  # noqa: PLC0415 - as above
        from storychain.outbox_figures import OutboxFigures  # noqa: PLC0415 - as above

        register_figures(OutboxFigures())

        register_probe(
            "mongodb", lambda: mongodb.client().admin.command("ping"), needed_for_ready=True
        )
        register_probe("cache-redis", lambda: redis.client("cache").ping(), needed_for_ready=False)
        register_probe("queue-redis", lambda: redis.client("queue").ping(), needed_for_ready=False)
