"""The index itself, in the SQL database that stands: SQLite's FTS5, or a `tsvector` of PostgreSQL.

One table `search_lexemes` beside `search_entry`, made by the migration: the number of an entry, and
its lexemes. Both engines know which rows hold a lexeme or the beginning of one, and combine that;
neither ranks, stems, or sees a text. What is asked is made of Terms alone, quoted, as a parameter.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.db import connection, transaction

from apps.search.lexemes import Search, Term

LAST = 2**62
NEWEST = 500  # rows of PostgreSQL's that are looked through before its index is asked


class Engine(Protocol):
    """What both can do."""

    made_by: Sequence[str]

    def put(self, number: int, lexemes: Sequence[str]) -> None:
        """Let these, and no others, stand for an entry."""

    def write(self, search: Search) -> str:
        """Return a search in the engine's own words."""

    def find(self, search: Search, *, before: int, limit: int) -> list[tuple[int, str, str]]:
        """Return (number, kind, key) of entries, the highest number first."""


class _Sqlite:
    """FTS5 with neither places nor columns: the smallest index that it has.

    `ascii` takes every character beyond ASCII for a letter, so words come out as they go in.
    """

    made_by = (
        """CREATE VIRTUAL TABLE search_lexemes USING fts5(
            lexemes, tokenize='ascii', detail=none, columnsize=0, prefix='3 4'
        )""",
    )

    def put(self, number: int, lexemes: Sequence[str]) -> None:
        _run("DELETE FROM search_lexemes WHERE rowid = %s", [number])
        if lexemes:
            row = [number, " ".join(lexemes)]
            _run("INSERT INTO search_lexemes (rowid, lexemes) VALUES (%s, %s)", row)

    def write(self, search: Search) -> str:
        # NOT binds closer than AND, and takes two sides.
        never = (f" NOT ({self._all(groups)})" for groups in search.never)
        return f"({self._all(search.must)}){''.join(never)}"

    def find(self, search: Search, *, before: int, limit: int) -> list[tuple[int, str, str]]:
        return _run(
            "SELECT e.id, e.kind, e.key FROM search_lexemes CROSS JOIN search_entry e"
            " ON e.id = search_lexemes.rowid"
            " WHERE search_lexemes MATCH %s AND search_lexemes.rowid < %s"
            " ORDER BY search_lexemes.rowid DESC LIMIT %s",
            [self.write(search), before, limit],
        )

    def _all(self, groups: Sequence[Sequence[Term]]) -> str:
        return " AND ".join(f"({' OR '.join(map(_in_fts5, group))})" for group in groups)


_AMONG_NEWEST = """SELECT entry_id FROM (
    SELECT entry_id, lexemes FROM search_lexemes WHERE entry_id < %(before)s
    ORDER BY entry_id DESC LIMIT %(newest)s
) AS newest WHERE lexemes @@ %(asked)s::tsquery"""
# What is added keeps it from walking by the numbers.
_AMONG_ALL = """SELECT entry_id FROM search_lexemes
    WHERE lexemes @@ %(asked)s::tsquery AND entry_id + 0 < %(before)s"""
_SHOW = """WITH found AS MATERIALIZED ({}), page AS (
    SELECT entry_id FROM found ORDER BY entry_id DESC LIMIT %(limit)s
) SELECT id, kind, key FROM search_entry JOIN page ON id = entry_id ORDER BY id DESC"""


class _PostgreSQL:
    """A `tsvector` without places, from lexemes as they are: no parser, no dictionary.

    The planner guesses how many rows hold a rare word, as some hundred, and would look for them
    through the whole table; and it does not know what it costs to unpack a row. So it gets no
    choice: the newest rows are looked through, enough for what is common, then the index is asked.
    """

    made_by = (
        "CREATE TABLE search_lexemes (entry_id bigint PRIMARY KEY, lexemes tsvector NOT NULL)",
        # Without a list of what is pending, which every search would have to read.
        """CREATE INDEX search_lexemes_gin ON search_lexemes
            USING gin (lexemes) WITH (fastupdate = off)""",
    )

    def put(self, number: int, lexemes: Sequence[str]) -> None:
        if not lexemes:
            _run("DELETE FROM search_lexemes WHERE entry_id = %s", [number])
            return
        _run(
            "INSERT INTO search_lexemes (entry_id, lexemes) VALUES (%s, array_to_tsvector(%s))"
            " ON CONFLICT (entry_id) DO UPDATE SET lexemes = excluded.lexemes",
            [number, list(lexemes)],
        )

    def write(self, search: Search) -> str:
        never = (f" & !({self._all(groups)})" for groups in search.never)
        return f"{self._all(search.must)}{''.join(never)}"

    def find(self, search: Search, *, before: int, limit: int) -> list[tuple[int, str, str]]:
        asked = {"asked": self.write(search), "before": before, "limit": limit}
        found = _run(_SHOW.format(_AMONG_NEWEST), asked | {"newest": NEWEST})
        if len(found) == limit:
            return found
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            return _run(_SHOW.format(_AMONG_ALL), asked)

    def _all(self, groups: Sequence[Sequence[Term]]) -> str:
        return " & ".join(f"({' | '.join(map(_in_tsquery, group))})" for group in groups)


ENGINES: dict[str, Engine] = {"sqlite": _Sqlite(), "postgresql": _PostgreSQL()}


def engine() -> Engine:
    """Return that of the database that stands."""
    return ENGINES[connection.vendor]


def _run(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else None


def _in_fts5(term: Term) -> str:
    quoted = term.lexeme.replace('"', '""')
    return f'"{quoted}"' + ("*" if term.is_start else "")


def _in_tsquery(term: Term) -> str:
    quoted = term.lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" + (":*" if term.is_start else "")
