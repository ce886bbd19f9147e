"""Leave no worker process behind: a pool that is killed cannot end its own."""

from __future__ import annotations

import os
import time
from threading import Thread
from typing import Final

_WATCH_SECONDS: Final = 1.0


def end_with(caller: int) -> None:
    """End this process soon after the one that started it is gone, however that ended (a pool's `initializer`).

    Args:
        caller: Process number of the one that started it.
    """

    def watch() -> None:
        while os.getppid() == caller:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
