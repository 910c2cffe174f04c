"""Registers how the cache hears of writes, and what it shows of itself."""

from django.apps import AppConfig


class CacheConfig(AppConfig):
    """The cache."""

    name = "storychain.cache"
    label = "cache"

    def ready(self) -> None:
        """Import what registers itself."""
        from storychain.cache import invalidation  # noqa: F401, PLC0415 - needs the settings
        from storychain.cache.probing import ProbeFigures  # noqa: PLC0415 - as above
        from storychain.cache.stats import stats  # noqa: PLC0415 - as above
        from storychain.observability.health import register_section  # noqa: PLC0415 - as above
        from storychain.observability.metrics import register_figures  # noqa: PLC0415 - as above

        register_section("cache", stats)
        register_figures(ProbeFigures())
