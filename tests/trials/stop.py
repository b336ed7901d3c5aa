"""A signal to stop while a write is on its way: the write is sent once, and its caller gets the response."""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from pathlib import Path

import requests

from tests.support.commands import access, started
from tests.support.server import LoopbackServer, ServerResponse
from tests.trials.report import Report, main

SOURCE = {"slug": "checkout", "enabled": True, "metadataId": "IqDTy1TpoU"}
PAYLOAD = {"data": {"data": {"source": {"id": "new"}}}}
KEY = "key-of-the-stop-trial"


def run(seconds: float) -> Report:
    """Stop `connector serve` while a write takes this long, and return the report."""
    report, received = Report("stop", 0), threading.Event()

    def slow(_request: object) -> ServerResponse:
        received.set()
        time.sleep(seconds)
        return ServerResponse(PAYLOAD["data"], 201)

    with LoopbackServer().running() as service, tempfile.TemporaryDirectory() as folder:
        service.script = slow
        variables = {"SEGMENT_API_KEY": "t", "SEGMENT_BASE_URL": service.url, "CONNECTOR_SERVE_KEY": KEY}
        with started("serve", "--port", "0", tmp_path=Path(folder), **variables) as process:
            url = access(process)["url"]
            responses: list[requests.Response] = []

            def write() -> None:
                headers, limit = {"X-Api-Key": KEY}, seconds + 30
                responses.append(
                    requests.post(f"{url}/v1/actions/createSource", json=SOURCE, headers=headers, timeout=limit)
                )

            thread = threading.Thread(target=write)
            thread.start()
            received.wait(30)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            thread.join(seconds + 30)
            report.count(f"response after {time.monotonic() - began:.1f} s: {[each.status_code for each in responses]}")
            process.wait(30)
    if [each.json() for each in responses] != [PAYLOAD]:
        report.fail("lost", "the write got no response")
    if len(service.requests) != 1:
        report.fail("doubled", f"the write was sent {len(service.requests)} times")
    return report


if __name__ == "__main__":
    main(run, __doc__, seconds=10.0)
