"""The other end of pipelines/peer_environment.py: fits one library inside an environment that does not hold weisu.

    python -I peer_worker.py PEERS_PY                      says what is installed, as JSON
    python -I peer_worker.py PEERS_PY NAME IN.npz OUT.npy  fits NAME to the arrays of IN and saves its means

PEERS_PY is models/forecast/peers.py, loaded from its path: neither file imports anything else of weisu's.
"""

from __future__ import annotations

import json
import runpy
import sys


def main(peers: str, *task: str) -> None:
    """Answer what is installed, or fit."""
    known = runpy.run_path(peers)
    if not task:
        json.dump(known["installed_peers"](), sys.stdout)
        return
    import numpy as np

    name, source, target = task
    with np.load(source) as arrays:
        given = {key: arrays[key] for key in arrays.files}
    np.save(target, known["fit_peer"](name, **given | {"freq": str(given["freq"])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
