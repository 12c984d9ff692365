"""The one way out: every address that a user can influence is called from here and nowhere else (a test holds it).

Bounds, retries, an egress guard that lets only public addresses through, and errors that say what to do.
"""

from app.core.lanes import Lane
from app.integrations.http.answers import Answer
from app.integrations.http.client import CalledInTransaction, Client, open_client
from app.integrations.http.download import Download, download
from app.integrations.http.egress import Guard
from app.integrations.http.patience import Limits

__all__ = ["Answer", "CalledInTransaction", "Client", "Download", "Guard", "Lane", "Limits", "download", "open_client"]
