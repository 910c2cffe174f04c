"""Which drafts go when they are old: those that no rule keeps.

Whoever builds on drafts registers such a rule, as pull requests do for the draft behind an open
one:

    @keeps_autosaves
    def behind_open_pull(drafts): return {d.id for d in drafts if ...}
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from apps.chapters.autosaves import ChapterAutosave
from storychain.cleaning import OldDocuments, register_holding

Rule = Callable[[Sequence[ChapterAutosave]], Collection[Any]]
_rules: list[Rule] = []


def keeps_autosaves(rule: Rule) -> Rule:
    """Register a rule that is shown old drafts (without their texts) and returns ids that stay."""
    _rules.append(rule)
    return rule


def _spare(ids: Sequence[Any]) -> Collection[Any]:
    if not _rules:
        return ()
    drafts = list(ChapterAutosave.objects(pk__in=list(ids)).exclude("content"))
    return {kept for rule in _rules for kept in rule(drafts)}


register_holding("autosave", OldDocuments(ChapterAutosave, by="last_saved_at", spare=_spare))
