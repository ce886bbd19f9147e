"""Schemathesis, in process: every documented operation, called with generated values, answers as documented.

As each role; `make soak` does it with 10,000 requests for each role on both databases.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from serve.access import Role
from serve.api import create_app
from serve.store import Store

REQUESTS: Final = int(os.environ.get("WEISU_SOAK", "300"))
"""As one role, all operations together."""
DATABASES: Final = ["sqlite", "postgresql"] if "WEISU_SOAK" in os.environ else ["sqlite"]

PATIENT: Final = hypothesis_settings(
    max_examples=4,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, settings) -> Iterator[Store]:
    if request.param == "postgresql":
        settings = settings.changed(database_url=request.getfixturevalue("postgres_url"))
    opened = Store.open(settings.store_url)
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.usefixtures("published")
def test_every_operation_keeps_its_promises(settings, store, clock, key_of, alert_ids, role):
    app = create_app(settings.changed(requests={"per_minute": 10_000_000}), clock=clock, store=store)
    headers = key_of(role, "水务局" if role is Role.DEPARTMENT else "")
    schema = schemathesis.openapi.from_asgi("/openapi.json", app).exclude(path=["/v1/alerts/stream"])
    found = [operation.ok() for operation in schema.get_all_operations()]
    assert len(found) >= 40
    real = {"alert_id": alert_ids["水务局"], "department": "水务局"}
    sent: Counter[int] = Counter()
    for number in itertools.count():
        sent.update(call_round(found, headers, real, number=number))
        if sent.total() >= REQUESTS:
            break
    # What each status was answered how often: make soak shows it.
    print(f"{role} on {store.engine.dialect.name}: {sent.total()} requests, {dict(sorted(sent.items()))}")  # noqa: T201


def call_round(operations: list[Any], headers: dict[str, str], real: dict[str, str], *, number: int) -> list[int]:
    """Call every operation with values that its schema takes and that it does not, and return the statuses.

    What the schema takes is about an alert and a department that there are; else hardly any call would get further.
    """
    statuses: list[int] = []
    for operation, mode in itertools.product(operations, (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)):

        @seed(number)
        @PATIENT
        @given(case=operation.as_strategy(generation_mode=mode))
        def keeps_its_promises(case: Any) -> None:
            if case.meta.generation.mode is GenerationMode.POSITIVE:
                case.path_parameters |= {name: real[name] for name in case.path_parameters if name in real}
            # Bodies also have to make sense (an end after its start, a series that exists): no schema says so.
            answer = case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])
            statuses.append(answer.status_code)

        # An operation without parameters has no wrong values.
        with contextlib.suppress(Unsatisfiable):
            keeps_its_promises()
    return statuses
