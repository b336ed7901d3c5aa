"""The generated reference pages: one module for each, by the name of its page in `docs/`."""
