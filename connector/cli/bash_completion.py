"""Completion in bash, whose own words end at `=`, so that `name=value` is completed as one word."""

from __future__ import annotations

import os
import re
from typing import Any, ClassVar

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

SOURCE = """\
%(complete_func)s() {
    local IFS=$'\\n'
    local response

    response=$(env COMP_LINE="${COMP_LINE:0:$COMP_POINT}" %(complete_var)s=bash_complete $1)

    for completion in $response; do
        IFS=',' read type value <<< "$completion"

        if [[ $type == 'dir' ]]; then
            COMPREPLY=()
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            COMPREPLY=()
            compopt -o default
        elif [[ $type == 'open' ]]; then
            COMPREPLY+=($value)
            compopt -o nospace
        elif [[ $type == 'plain' ]]; then
            COMPREPLY+=($value)
        fi
    done

    return 0
}

%(complete_func)s_setup() {
    complete -o nosort -F %(complete_func)s %(prog_name)s
}

%(complete_func)s_setup;
"""

_UNTIL_QUOTE = re.compile(r"""(?s)(?:\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[^'"\\])*+['"]""")
"""The line until a quote that nothing closes."""

_UNTIL_BREAK = re.compile(r".*[=:]")


class WholeWordBashComplete(BashComplete):
    """Completes the last word of the line; a value that ends with `=` gets no space behind it."""

    source_template: ClassVar[str] = SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words of the line, and the one that is completed."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        quote = _UNTIL_QUOTE.match(line)
        typed = words.pop() if words and (quote or not line[-1:].isspace()) else ""
        before = _UNTIL_BREAK.match(typed)
        # Behind an opening quote, the whole text is one word for bash.
        self._before = len(typed) - len(line) + quote.end() if quote else before.end() if before else 0
        return words, typed

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return the type and the part of the value that bash takes for the word."""
        kind = "open" if item.type == "plain" and item.value.endswith("=") else item.type
        return f"{kind},{item.value[max(self._before, 0) :]}"


def use_whole_words() -> None:
    """Let bash complete whole words from now on."""
    add_completion_class(WholeWordBashComplete, "bash")
