"""What a load begins with."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Prepared:
    """Tokens and fences read before a load, the epoch, and whether the lease is ours."""

    state: Literal["lease", "lost", "pending"]
    owner: bytes
    epoch: bytes
    fence_tokens: tuple[bytes, ...]
    tag_tokens: tuple[bytes, ...]

    @property
    def tokens(self) -> tuple[bytes, ...]:
        """All of them: what names the load's flight."""
        return self.fence_tokens + self.tag_tokens
