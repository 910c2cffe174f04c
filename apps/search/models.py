"""What is kept in SQL for search, beside the lexemes themselves (engines.py)."""

from django.db import models


class Entry(models.Model):
    """Something that can be found, or could once: then it keeps its number and has no lexemes.

    Its number is its place among its equals, the newest first. `revision` goes up with each write,
    so that whoever read its source before another wrote finds that out (services.py). `digest`
    tells whether its lexemes are new.
    """

    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=200)
    revision = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=32, default="")
    indexed_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="search_entry_thing")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


class KnownWord(models.Model):
    """A word that stands somewhere, for whoever has mistyped it."""

    word = models.CharField(max_length=40, unique=True)

    def __str__(self) -> str:
        return self.word


class Gram(models.Model):
    """Three letters of a word, one after another.

    It is found by its letters alone; to hold it to its word would take a second index as large.
    """

    letters = models.CharField(max_length=3)
    word = models.ForeignKey(
        KnownWord, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["letters", "word"], name="search_gram_of_word")
        ]

    def __str__(self) -> str:
        return self.letters
