"""Run joblib's work on a Dask cluster when one is named, on local cores when not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from features.errors import BadInputError


@contextmanager
def on_cluster(address: str | None) -> Iterator[None]:
    """Send everything that joblib parallelises inside the block to the scheduler at `address`.

    Args:
        address: `tcp://host:port`; None keeps the work on local cores.

    Raises:
        BadInputError: Dask is not installed, or nobody answers at the address.
    """
    if address is None:
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise BadInputError("--scheduler needs Dask", hint="pip install 'weisu[cluster]'") from error
    from joblib import parallel_config

    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise BadInputError(f"no Dask scheduler answers at {address}", hint="start one: dask scheduler") from error
    with client, parallel_config("dask", wait_for_workers_timeout=30):
        yield
