"""Cron patterns by name."""

from typing import Final


class CRON:
    """Minute, hour, day of month, month, day of week (0 is Sunday)."""

    EVERY_MINUTE: Final = "* * * * *"
    EVERY_5_MINUTES: Final = "*/5 * * * *"
    EVERY_15_MINUTES: Final = "*/15 * * * *"
    EVERY_30_MINUTES: Final = "*/30 * * * *"
    EVERY_HOUR: Final = "0 * * * *"
    EVERY_DAY_MIDNIGHT: Final = "0 0 * * *"
    EVERY_DAY_3AM: Final = "0 3 * * *"
    EVERY_SUNDAY: Final = "0 0 * * 0"
