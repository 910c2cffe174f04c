"""gunicorn's own words in the one format.

For `gunicorn --logger-class storychain.observability.gunicorn_logger.GunicornLogger`.
"""

import os
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from storychain.observability.logging import apply_logging


class GunicornLogger(glogging.Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Hands everything on to the root's handler; `requests.py` writes the access lines."""

    def setup(self, cfg: Any) -> None:
        """Set logging up as the settings say."""
        # The first word is written long before config/wsgi.py is loaded, which names the settings.
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        super().setup(cfg)
        apply_logging()
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True
