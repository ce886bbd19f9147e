"""What can go wrong with a panel.

BadInputError
└── PanelError              unknown frequency, level or source, or nothing known by then
"""

from __future__ import annotations

from features.errors import BadInputError


class PanelError(BadInputError):
    """The panel that was asked for does not exist."""
