"""Long lists a page at a time, and never further than anybody reads."""

from typing import Any

from django.http import HttpRequest

PER_PAGE, LAST_PAGE = 50, 200


def read_page(request: HttpRequest) -> int:
    """Return the number of the page that is asked for, from 0; 0 also for what is no number."""
    text = request.GET.get("p", "")
    return min(int(text), LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 else 0  # noqa: PLR2004


def turn(request: HttpRequest, rows: list[Any]) -> dict[str, Any]:
    """Return what a page shows of PER_PAGE + 1 rows: them, and the links to its neighbours."""
    page = read_page(request)
    has_more = len(rows) > PER_PAGE and page < LAST_PAGE
    return {
        "rows": rows[:PER_PAGE],
        "page": page + 1,
        "earlier": _link(request, page - 1) if page else "",
        "later": _link(request, page + 1) if has_more else "",
    }


def _link(request: HttpRequest, page: int) -> str:
    query = request.GET.copy()
    query["p"] = str(page)
    return f"?{query.urlencode()}"
