"""What the hammer beats on: documents with rules, and cached pages of them of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mongoengine import fields

from storychain.cache.invalidation import invalidates
from storychain.cache.region import Region, depends_on
from storychain.cache.tags import Tag, tag
from storychain.cache.ttl import TTL
from storychain.documents import Change, Document, StringField, unit_of_work
from storychain.errors import NotFound

LAMPS = [f"lamp-{number}" for number in range(6)]
OWNERS = [f"owner-{number}" for number in range(3)]
TTL["HAMMER"] = 20
ALL = tag("lamps", "all")


class Owner(Document):
    """Whose value stands on the pages of what is his."""

    name = StringField(primary_key=True)
    value = fields.IntField(default=0)
    meta = {"collection": "hammer_owners"}


class Lamp(Document):
    """A value that only grows, and an owner that changes with it."""

    name = StringField(primary_key=True)
    value = fields.IntField(default=0)
    owner = StringField(required=True)
    meta = {"collection": "hammer_lamps"}


class Flag(Document):
    """It is there while its version is odd."""

    name = StringField(primary_key=True)
    value = fields.IntField(default=1)
    meta = {"collection": "hammer_flags"}


def owner_tag(name: str) -> Tag:
    """Whatever shows this owner."""
    return tag("owner", name)


def lamp_tag(name: str) -> Tag:
    """Whatever shows this lamp."""
    return tag("lamp", name)


def flag_tag(name: str) -> Tag:
    """Whether this flag is there."""
    return tag("flag", name)


@invalidates(Owner)
def owner_changed(change: Change[Owner]) -> Iterator[Tag]:
    """The pages that found this owner."""
    yield owner_tag(change.document.name)


@invalidates(Lamp)
def lamp_changed(change: Change[Lamp]) -> Iterator[Tag]:
    """The lamp's page, and the list."""
    yield lamp_tag(change.document.name)
    yield ALL


@invalidates(Flag)
def flag_changed(change: Change[Flag]) -> Iterator[Tag]:
    """The flag's page."""
    yield flag_tag(change.document.name)


COLLECTIONS = ("hammer_lamps", "hammer_owners")
PAGE: Region[Any] = Region("h.lamp", ttl="HAMMER", type=Any, finds=("owner",), reads=COLLECTIONS)
LIST: Region[Any] = Region("h.list", ttl="HAMMER", type=Any, reads=COLLECTIONS[:1])
NESTED: Region[Any] = Region("h.nested", ttl="HAMMER", type=Any)
FLAG: Region[Any] = Region("h.flag", ttl="HAMMER", type=Any, reads=("hammer_flags",))


def show_lamp(name: str) -> dict[str, int]:
    """Return a lamp's and its owner's value, by row; the owner is found on the way."""

    def load() -> dict[str, int]:
        lamp = Lamp.objects.get(name=name)
        depends_on(owner_tag(lamp.owner))
        return {name: lamp.value, lamp.owner: Owner.objects.get(name=lamp.owner).value}

    shown: dict[str, int] = PAGE.get_or_load(f"h:{name}", tags=[lamp_tag(name)], load=load).value
    return shown


def show_all(_: str) -> dict[str, int]:
    """Return every lamp's value."""
    load = lambda: {lamp.name: lamp.value for lamp in Lamp.objects()}  # noqa: E731
    shown: dict[str, int] = LIST.get_or_load("h:all", tags=[ALL], load=load).value
    return shown


def show_nested(name: str) -> dict[str, int]:
    """Return a lamp's page out of a page around it."""
    shown: dict[str, int] = NESTED.get_or_load(
        f"h:nested:{name}", tags=[], load=lambda: show_lamp(name)
    ).value
    return shown


def show_flag(name: str) -> int | None:
    """Return a flag's version, None while it is not there."""

    def load() -> int:
        flag = Flag.objects(name=name).first()
        if flag is None:
            raise NotFound("It is not there.")
        return int(flag.value)

    try:
        value: int = FLAG.get_or_load(f"h:{name}", tags=[flag_tag(name)], load=load).value
    except NotFound:
        return None
    return value


@unit_of_work
def raise_lamp(name: str, *, way: str, owner: str | None = None) -> dict[str, int]:
    """Count a lamp up in one of the ways to write, and return what it came to."""
    change = {"set__owner": owner} if owner else {}
    if way == "save":
        lamp = Lamp.objects.get(name=name)
        lamp.value += 1
        lamp.owner = owner or lamp.owner
        lamp.save()
    elif way == "modify":
        Lamp.objects(name=name).modify(inc__value=1, **change)
    else:
        Lamp.objects(name=name).update_one(inc__value=1, **change)
    return {name: Lamp.objects.get(name=name).value}


@unit_of_work
def raise_owner(name: str) -> dict[str, int]:
    """Count an owner up."""
    Owner.objects(name=name).update_one(inc__value=1)
    return {name: Owner.objects.get(name=name).value}


@unit_of_work
def raise_all() -> dict[str, int]:
    """Count every lamp up in one update."""
    Lamp.objects().update(inc__value=1)
    return {lamp.name: lamp.value for lamp in Lamp.objects()}


@unit_of_work
def raise_and_think_again(name: str) -> None:
    """Count a lamp up in a unit of work that fails."""
    Lamp.objects(name=name).update_one(inc__value=1)
    raise ZeroDivisionError


def set_flag(name: str, value: int) -> None:
    """Hoist the flag, or take it down where the version is even."""
    if value % 2:
        Flag(name=name, value=value).save(force_insert=True)
    else:
        Flag.objects(name=name).delete()
