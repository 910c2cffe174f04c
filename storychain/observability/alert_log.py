"""Alerts as events of the log: one line when an alert comes up, and one when it is over."""

from collections.abc import Mapping
from typing import Any


class AlertLog:
    """Which alerts of one sort this process has written down."""

    def __init__(self, log: Any, event: str, *, subject: str) -> None:
        """Write `event`, and "`event` is over", with the alert's name under `subject`."""
        self._log, self._event, self._subject = log, event, subject
        self.raised: frozenset[tuple[str, str]] = frozenset()

    def tell(self, found: Mapping[tuple[str, str], str]) -> None:
        """Write down what is new in `found` (details by name and kind), and what has gone."""
        for name, kind in found.keys() - self.raised:
            detail = found[name, kind]
            self._log.warning(self._event, **{self._subject: name}, kind=kind, detail=detail)
        for name, kind in self.raised - found.keys():
            self._log.warning(f"{self._event} is over", **{self._subject: name}, kind=kind)
        self.raised = frozenset(found)
