"""A simulated hotline city: work orders like a 12345 platform's, and the truth about what was injected into them.

Every name, number and place is invented. What each module settles, in order:

    catalogue   the city on paper: matters, districts, time profiles (the TOML files beside it)
    config      what can be asked for
    shocks      typhoons, heat, rain, cold
    intensity   expected volume of every day, matter and district
    places      communities, roads and markets
    incidents   injected bursts and persistent callers
    rates       what every cell truly expects in a window
    dirt        what makes a city as dirty as a real one (off unless asked for)
    dirt_config how much of that there is
    plan        all of these for one configuration, cut into chunks
    draws       single tickets as numbers
    soil        dirt laid over them
    identities  invented people
    wording     titles and texts
    orders      the export's columns
    city        simulate() and truth()
    export      files
"""

from features.errors import SimulatorError
from features.simulator.city import chunk_count, dirt_truth, simulate, simulate_chunk, truth
from features.simulator.dirt_config import CLEAN_ENOUGH, Dirt
from features.simulator.export import Export, write_city
from features.simulator.orders import SCHEMA
from features.simulator.simulator_config import DEFAULT_SEED, SimulatorConfig

__all__ = [
    "CLEAN_ENOUGH",
    "DEFAULT_SEED",
    "SCHEMA",
    "Dirt",
    "Export",
    "SimulatorConfig",
    "SimulatorError",
    "chunk_count",
    "dirt_truth",
    "simulate",
    "simulate_chunk",
    "truth",
    "write_city",
]
