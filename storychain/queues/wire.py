"""What passes between a process and the ledger, and what the ledger keeps of a job."""

from typing import Literal, NamedTuple

import msgspec

State = Literal["completed", "delayed", "failed", "dead", "waiting"]


class Spec(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a job is, from enqueue to the end: `level` 0 goes first, `args` is its payload.

    `slot` and `schedule` say why it runs by itself, `request_id` from which request it followed.
    """

    name: str
    args: msgspec.Raw
    attempts: int
    level: int
    outbox: bool = False
    slot: str | None = None
    schedule: str = ""
    request_id: str = ""


UNREADABLE = Spec(name="(unreadable)", args=msgspec.Raw(b"{}"), attempts=1, level=3)


def decode_spec(text: str) -> Spec:
    """Return a stored spec; UNREADABLE, which no worker can run, if it is not what we write."""
    try:
        return msgspec.json.decode(text, type=Spec)
    except msgspec.DecodeError:
        return UNREADABLE


class Entry(NamedTuple):
    """A job to be taken in; it has `unique` until it ends, and `lock` while it runs."""

    job_id: str
    queue: str
    spec: Spec
    delay: float = 0
    unique: str = ""
    lock: str = ""
    is_marked: bool = False


class Known(NamedTuple):
    """An entry that was there already: its position, the id it goes by, and where that job is."""

    position: int
    job_id: str
    state: str


class Claimed(NamedTuple):
    """A job in our hands, until its lease ends; `token` proves that it still is."""

    job_id: str
    token: int
    attempt: int
    spec_json: str


class Lost(NamedTuple):
    """An attempt whose worker died; `started` is ms since 1970 by the ledger's clock."""

    queue: str
    job_id: str
    token: int
    attempt: int
    started: float
    holder: str
    spec_json: str


class Outcome(NamedTuple):
    """How an attempt ended; `text` is the result as JSON, or the error."""

    job_id: str
    token: int
    state: State
    text: str = ""
    delay_ms: int = 0


class Bulk(NamedTuple):
    """Jobs that take no slot, by their names: for how many there is room, how many are held."""

    names: tuple[str, ...] = ()
    room: int = 0
    held: int = 0


NO_BULK = Bulk()


class Ask(NamedTuple):
    """How many jobs a holder wants; `nonce` makes asking again after a lost reply harmless."""

    want: int
    cap: int
    nonce: str
    answers_bell: bool = False
    linger_seconds: float = 0
    bulk: Bulk = NO_BULK
