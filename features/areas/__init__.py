"""Areas: districts, their parents and outlines, and the district a point lies in.

read_areas(path)              CSV or GeoJSON, checked
check_areas(areas)            every problem
locate(lat, lon, areas)       points to districts, millions at once
areas.parents_of(codes, level)
"""

from features.areas.areas import AreaProblem, Areas, check_areas, check_report, load_areas, locate, read_areas
from features.errors import AreaError

__all__ = ["AreaError", "AreaProblem", "Areas", "check_areas", "check_report", "load_areas", "locate", "read_areas"]
