"""How answers of the API say that they are degraded: codes, and words in the language asked for."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, computed_field

from features.reasons import Reason, say
from serve.reader_language import reader_language


class Degradable(BaseModel):
    """An answer that may be less than it should be; a row's own `degraded` holds the reasons."""

    model_config = ConfigDict(from_attributes=True)

    degraded_reasons: Annotated[
        tuple[Reason, ...],
        Field(
            validation_alias=AliasChoices("degraded_reasons", "degraded"),
            description="Why it is degraded, as codes with parameters; empty when it is not",
        ),
    ] = ()

    @computed_field(description="Why it is degraded, in the language asked for (Accept-Language); '' when it is not")  # type: ignore[prop-decorator]
    @property
    def degraded(self) -> str:
        """The reasons in words."""
        return say(self.degraded_reasons, reader_language())
