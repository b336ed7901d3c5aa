"""Pages in the browser: try actions, look at a workspace, run flows, and make the sandbox fail.

A component adds a page of its own: its manifest names a module (`explorer: NAME`) with an attribute `page`, a `Page`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.common.lazy_imports import lazily

if TYPE_CHECKING:
    from connector.explorer.charts import bars, ribbons
    from connector.explorer.component_page import Page, Posted
else:
    __getattr__, __dir__ = lazily(__name__, {"charts": ("bars", "ribbons"), "component_page": ("Page", "Posted")})

__all__ = ["Page", "Posted", "bars", "ribbons"]
