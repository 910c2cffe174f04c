from tests.emailing.fixtures import mail_server, open_limit
from tests.queueing.fixtures import bells

__all__ = ["bells", "mail_server", "open_limit"]
