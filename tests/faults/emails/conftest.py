from tests.emailing.fixtures import mail_server, open_limit
from tests.queueing.fixtures import bells, crew, indexes

__all__ = ["bells", "crew", "indexes", "mail_server", "open_limit"]
