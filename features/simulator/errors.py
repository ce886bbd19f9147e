"""Errors of the simulator.

BadInputError
└── SimulatorError          a size, span or rate that no city can be simulated with
"""

from __future__ import annotations

from features.errors import BadInputError


class SimulatorError(BadInputError):
    """The simulated city was asked for something that cannot be."""
