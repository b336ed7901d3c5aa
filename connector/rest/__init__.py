"""HTTP: an authorised client over a shared pool that waits, retries and explains itself."""

from connector.errors import ReplyError
from connector.rest.client import HttpClient
from connector.rest.endpoint import Endpoint
from connector.rest.messages import SAFE_METHODS, Reply, Request, relative_path
from connector.rest.waiting import CallLimits, RateGate, seconds_until



def unreadable(endpoint: Endpoint, request: Request, reply: Reply, reason: str) -> ReplyError:
    """The error for a successful answer whose body is not what it should be."""
    from connector.rest import failures

    return failures.unreadable(endpoint, request, reply, reason)


__all__ = ["SAFE_METHODS", "CallLimits", "Endpoint", "HttpClient", "RateGate", "Reply", "Request", "relative_path", "seconds_until", "unreadable"]
