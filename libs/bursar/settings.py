"""Settings from flags, environment, one YAML file and defaults, in this order, each with its
origin.

A part's settings are a class with a `section`: the prefix of its variables (`BURSAR_QUOTA_…`) and
its mapping in the file (`quota: {…}`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml
from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bursar.errors import InvalidRequest, Violation

FILE_VARIABLE = "BURSAR_CONFIG"
FILE_NAME = "bursar.yaml"
_SECRET_WORDS = ("key", "token", "secret", "password", "credential")
MASK = "[masked]"


class PartSettings(BaseSettings):
    """Base of every part's settings. Subclasses set `section` and use `settings_of(section)`."""

    section: ClassVar[str] = ""
    model_config = SettingsConfigDict(env_prefix="BURSAR_", extra="forbid", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, _FileSection(settings_cls, cls.section))

    @classmethod
    def load(cls, **flags: object) -> Self:
        """The effective settings. Flags that are None were not given.

        Raises InvalidRequest naming each field, its value and the remedy.
        """
        given: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
        try:
            return cls(**given)
        except ValidationError as error:
            raise _as_invalid_request(cls.section, error) from None


def settings_of(section: str) -> SettingsConfigDict:
    """The pydantic configuration of the part named `section`; the process itself has the empty
    name.
    """
    prefix = f"BURSAR_{section.upper()}_" if section else "BURSAR_"
    return SettingsConfigDict(env_prefix=prefix, extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting as it holds, and where it came from: `flag`, `environment X`, `file X`,
    `default`.
    """

    name: str
    value: str
    origin: str


def explain(settings: PartSettings, flags: Mapping[str, object]) -> list[Effective]:
    """Every setting of a part with its origin; values that look like secrets are masked."""
    section = type(settings).section
    in_file = file_section(section)
    prefix = type(settings).model_config.get("env_prefix", "")
    rows: list[Effective] = []
    for field in type(settings).model_fields:
        variable = f"{prefix}{field}".upper()
        if flags.get(field) is not None:
            origin = "flag"
        elif variable in os.environ:
            origin = f"environment {variable}"
        elif field in in_file:
            origin = f"file {file_path()}"
        else:
            origin = "default"
        name = f"{section}.{field}" if section else field
        rows.append(Effective(name, _shown(field, getattr(settings, field)), origin))
    return rows


def file_path() -> Path:
    """The settings file: BURSAR_CONFIG, else `bursar.yaml` where the command was started."""
    return Path(os.environ.get(FILE_VARIABLE, FILE_NAME))


def file_section(section: str) -> dict[str, Any]:
    """The mapping of one part in the settings file; empty without a file. Its top level for ''."""
    path = file_path()
    if not path.is_file():
        return {}
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = str(error).splitlines()[0]
        raise InvalidRequest.of(str(path), line, "write valid YAML") from None
    if not isinstance(loaded, dict):
        raise InvalidRequest.of(str(path), type(loaded).__name__, "write a mapping at the top")
    if not section:
        return {name: value for name, value in loaded.items() if not isinstance(value, dict)}
    found = loaded.get(section, {})
    return found if isinstance(found, dict) else {}


class _FileSection(PydanticBaseSettingsSource):
    """The part's mapping in the settings file, as pydantic-settings asks for it."""

    def __init__(self, settings_cls: type[BaseSettings], section: str) -> None:
        super().__init__(settings_cls)
        self._values = file_section(section)

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


def _shown(field: str, value: object) -> str:
    is_secret = any(word in field for word in _SECRET_WORDS) and not field.endswith("_tokens")
    return MASK if is_secret and value not in (None, "") else str(value)


def _as_invalid_request(section: str, error: ValidationError) -> InvalidRequest:
    violations = tuple(
        Violation(
            ".".join(filter(None, (section, *(str(part) for part in problem["loc"])))),
            str(problem.get("input", ""))[:80],
            problem["msg"].lower(),
        )
        for problem in error.errors()
    )
    return InvalidRequest(
        "; ".join(str(violation) for violation in violations), violations=violations
    )
