"""An SMTP server that keeps what it takes as files, and misbehaves as it is told.

python -m tests.emailing.smtp_server FOLDER [PLAN] [CERTIFICATE]

PLAN is what to do with one mail after the other, with commas between; then all are taken:
  rcpt:CODE    refuse the receiver     data:CODE   refuse the mail
  mail:CODE    refuse the sender       helo:CODE   refuse the client
  auth:535     refuse the password
  mute         never answer HELO       hush        take the mail and never say so
  hold         take the mail, and say so when there is a file "release"
  die          take the mail and end before saying so
  slow         take the mail and say so after a second and a half
"""

import asyncio
import json
import os
import ssl
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    """Keeps mails, one file each."""

    def __init__(self, folder: Path, plan: list[str]) -> None:
        self._folder, self._plan = folder, plan

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - aiosmtpd's names
        session.host_name, session.plan = hostname, ""
        if self._plan[:1] == ["mute"]:
            self._plan.pop(0)
            await asyncio.sleep(3600)
        if self._plan and self._plan[0].startswith("helo:"):
            return [f"{self._plan[0][5:]} not this client"]
        return responses

    async def handle_HELO(self, server, session, envelope, hostname):  # noqa: N802
        return f"{self._plan.pop(0)[5:]} not this client"

    def authenticate(self, server, session, envelope, mechanism, data):
        if self._plan[:1] == ["auth:535"]:
            session.plan = self._plan.pop(0)
        return AuthResult(success=session.plan != "auth:535", handled=False)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        session.plan = self._plan.pop(0) if self._plan else "take"
        if session.plan.startswith("mail:"):
            return f"{session.plan[5:]} not this sender"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if session.plan.startswith("rcpt:"):
            return f"{session.plan[5:]} not this receiver"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if session.plan.startswith("data:"):
            return f"{session.plan[5:]} not this mail"
        self._keep(envelope, is_encrypted=session.ssl is not None)
        if session.plan == "die":
            os._exit(1)
        await asyncio.sleep(1.5 if session.plan == "slow" else 0)
        await self._wait(session.plan)
        return "250 taken"

    async def _wait(self, plan: str) -> None:
        while plan == "hush" or (plan == "hold" and not self._is_released()):  # noqa: ASYNC110 - who releases is another process
            await asyncio.sleep(0.02)

    def _is_released(self) -> bool:
        return (self._folder / "release").exists()

    def _keep(self, envelope, *, is_encrypted: bool) -> None:
        number = len(list(self._folder.glob("*.mail")))
        kept = {
            "at": time.time(),
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": is_encrypted,
            "content": envelope.original_content.decode("utf-8"),
        }
        draft = self._folder / "draft"
        draft.write_text(json.dumps(kept))
        draft.rename(self._folder / f"{number:04}.mail")


async def serve(folder: Path, plan: list[str], certificate: str | None) -> None:
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    keeper = Keeper(folder, plan)

    def make() -> SMTP:
        return SMTP(
            keeper,
            hostname="mail.test",
            tls_context=tls,
            require_starttls=bool(tls),
            authenticator=keeper.authenticate,
            auth_require_tls=False,
        )

    port = int((folder / "port").read_text()) if (folder / "port").exists() else 0
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", port)
    (folder / "draft").write_text(str(server.sockets[0].getsockname()[1]))
    (folder / "draft").rename(folder / "port")
    (folder / "ready").touch()
    await server.serve_forever()


if __name__ == "__main__":
    where, what, cert = (*sys.argv[1:], "", "")[:3]
    asyncio.run(serve(Path(where), [p for p in what.split(",") if p], cert or None))
