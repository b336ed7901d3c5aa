"""Building blocks of a component's sandbox, and the server for it."""

from connector.common.lazy_imports import lazily

__getattr__, __dir__ = lazily(__name__, {"asgi_server": (), "sandbox": ()})
