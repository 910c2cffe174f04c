"""Mail servers of a test's own."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import ipaddress
import json
import subprocess
import sys
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


@dataclass
class Taken:
    """A mail that a server took."""

    at: float
    sender: str
    receivers: list[str]
    is_encrypted: bool
    message: EmailMessage

    def part(self, kind: str) -> str:
        found = self.message.get_body((kind,))
        assert found is not None
        return str(found.get_content())


class MailServer:
    """Takes mails in a process of its own, on a port that stays the same over its deaths."""

    def __init__(self, folder: Path, *, certificate: Path | None = None) -> None:
        folder.mkdir()
        self.folder, self._certificate = folder, certificate
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, plan: str = "") -> None:
        """Begin; `plan` is that of `smtp_server`."""
        (self.folder / "ready").unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.emailing.smtp_server", str(self.folder), plan]
        command += [str(self._certificate)] if self._certificate else []
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        wait_until((self.folder / "ready").exists)

    @property
    def url(self) -> str:
        """What EMAIL_URL is to hold."""
        port = (self.folder / "port").read_text()
        scheme = "submission" if self._certificate else "smtp"
        return f"{scheme}://127.0.0.1:{port}?timeout=1"

    def taken(self) -> list[Taken]:
        """Return what it has taken so far, in order."""
        return [_read(path) for path in sorted(self.folder.glob("*.mail"))]

    def release(self) -> None:
        """Let it answer what it holds."""
        (self.folder / "release").touch()

    def has_died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


def _read(path: Path) -> Taken:
    kept = json.loads(path.read_text())
    message = email.message_from_bytes(kept["content"].encode(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return Taken(kept["at"], kept["from"], kept["to"], kept["encrypted"], message)


def make_certificate(folder: Path) -> Path:
    """Write a self-signed certificate for 127.0.0.1, with its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
