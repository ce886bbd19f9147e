"""A chart outside the pages: in a file of its own, an e-mail or a PDF, where no style sheet of ours reaches it."""

from __future__ import annotations

from typing import Final

STYLE: Final = (
    "text{fill:#4d5b68;font-size:12px;font-family:'Noto Sans CJK SC','Noto Sans SC',sans-serif}"
    ".grid{stroke:#e6ebf0;stroke-width:1}.now{stroke:#8793a0;stroke-width:1;stroke-dasharray:2 4}"
    ".band{fill:#14507f;fill-opacity:.17}.actual{fill:none;stroke:#17212b;stroke-width:2}"
    ".p50{fill:none;stroke:#14507f;stroke-width:2.2;stroke-dasharray:5 3}.p50dot{fill:#14507f}"
    ".lastyear{fill:none;stroke:#8793a0;stroke-width:1.5;stroke-dasharray:2 3}"
    ".window{fill:#d93025;fill-opacity:.1}.bar{fill:#8793a0}.bar.marked,.bar.own{fill:#14507f}.bar.above{fill:#d93025}"
)


def standalone(svg: str) -> str:
    """Return a chart with its name space and its own colours."""
    head, _, body = svg.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STYLE}</style>{body}'
