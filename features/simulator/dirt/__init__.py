"""What makes a simulated city as dirty as a real one, each kind in a module of its own and switched on by itself.

How much there is of each says `features.simulator.dirt_config`; `features.simulator.soil` lays it over the tickets of a
chunk.

    pieces         what one kind leaves: its pieces, and the tickets they add
    own_entries    crews and inspectors who key in what they found
    lists          one hand types in a list; a file of another system is imported
    default_points tickets without a place, put on a point of the city
    offices        offices that start or stop using the tool
    renames        a label that goes on under another name
    weather        storms, heat and cold over the whole city
    weak_bursts    bursts of a few times what is usual
    settle         all of these for one city

Every kind has random streams of its own: switching one on or off changes nothing of the others, and nothing of the
clean city.
"""
