"""What the actions on raw request send."""

from tests.support.wire import Row

ROWS = [
    Row("rawRequest", {"url": "/labels", "method": "POST", "data": '{"a": 1}'}, "POST", "/labels", {"a": 1}),
]
