"""What lets everybody ask as often as he likes; only the tests of limits meet any."""

from config.env import RATES

UNLIMITED = {"RATE_LIMITS": " ".join(f"{rate}=1000000000" for rate in RATES)}
