"""What the benchmarks and their server agree on; it imports nothing, so that it adds nothing to what is measured."""

TOKEN = "benchmark-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/vnd.segment.v1+json"}

PAGES = 200
PAGE = 200
