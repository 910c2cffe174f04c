"""Registers what maintenance looks at, when it works, and what of it outlives its use."""

from django.apps import AppConfig


class MaintenanceConfig(AppConfig):
    """The feature "maintenance"."""

    name = "apps.maintenance"

    def ready(self) -> None:
        """Import what registers itself."""
        from apps.maintenance import cleanup, schedule  # noqa: F401, PLC0415
        from apps.maintenance.services import probe_disk  # noqa: PLC0415
        from storychain.observability.health import register_probe  # noqa: PLC0415

        register_probe("disk", probe_disk, needed_for_ready=False)
