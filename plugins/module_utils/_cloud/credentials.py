# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: where access keys come from, and in which order the places are asked."""

from __future__ import annotations

import configparser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from .errors import CloudError

SOURCES = ("options", "environment", "profile", "agency")
DEFAULT_FILE = "~/.huaweicloud/credentials"

# Prefix, and the names after it: access key, secret key, security token, project id.
_ENVIRONMENTS = (
    ("HW_", ("ACCESS_KEY", "SECRET_KEY", "SECURITY_TOKEN", "PROJECT_ID")),
    ("HUAWEICLOUD_SDK_", ("AK", "SK", "SECURITY_TOKEN", "PROJECT_ID")),
)
_RENEW_BEFORE = timedelta(minutes=40)
_FINDING = "finding the credentials"


@dataclass(frozen=True)
class Credentials:
    """An access key. `expires_at` is there for a temporary one whose end is known. The secrets are in no repr."""

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str = field(default="", repr=False)
    project_id: str = ""
    source: str = "options"
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Raises CloudError for what cannot stand in a header, before anything repeats it."""
        for name in ("access_key", "secret_key", "security_token", "project_id"):
            value: str = getattr(self, name)
            if not value.isascii() or not value.isprintable() or " " in value:
                problem = f"{name} from the source {self.source} has a character that none has"
                raise CloudError(_FINDING, problem, kind="input", hint="see whether it was copied whole")

    def secrets(self) -> tuple[str, ...]:
        """What may never be told."""
        return tuple(secret for secret in (self.secret_key, self.security_token) if secret)


@dataclass(frozen=True)
class Places:
    """Where to look. `agency` asks the metadata service: None there is no agency here."""

    sources: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    agency: Callable[[], Credentials | None]
    given: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    credentials_file: str | None = None
    profile: str = "basic"


class Keyring:
    """The credentials in use. Temporary ones from the agency are got anew before they end."""

    def __init__(self, places: Places, now: Callable[[], datetime]) -> None:
        """Takes where to look, and the clock."""
        self._places = places
        self._now = now
        self._current: Credentials | None = None

    def current(self) -> Credentials:
        """The credentials. Raises CloudError if no source has any, or one has half of them."""
        current = self._current
        if current and current.expires_at and self._now() > current.expires_at - _RENEW_BEFORE:
            current = self._places.agency() or current
        self._current = current or find(self._places)
        return self._current


def find(places: Places) -> Credentials:
    """The credentials of the first source that has any: options, environment, profile file, agency."""
    asked: dict[str, Callable[[Places], Credentials | None]] = {
        "options": _from_options,
        "environment": _from_environment,
        "profile": _from_profile,
        "agency": lambda where: where.agency(),
    }
    for source in SOURCES:
        if source in places.sources and (found := asked[source](places)):
            return found
    looked = ", ".join(source for source in SOURCES if source in places.sources)
    raise CloudError(
        _FINDING,
        f"none of the sources {looked} has any",
        kind="input",
        hint="set access_key and secret_key, the environment variables HW_ACCESS_KEY and HW_SECRET_KEY, a file "
        f"{DEFAULT_FILE}, or an agency of the ECS that this runs on",
    )


def _from_options(places: Places) -> Credentials | None:
    names = ("access_key", "secret_key", "security_token", "project_id")
    return _pair([places.given.get(name) or "" for name in names], "options", "access_key", "secret_key")


def _from_environment(places: Places) -> Credentials | None:
    for prefix, names in _ENVIRONMENTS:
        values = [places.environment.get(prefix + name, "") for name in names]
        if found := _pair(values, "environment", prefix + names[0], prefix + names[1]):
            return found
    return None


def _from_profile(places: Places) -> Credentials | None:
    named = places.credentials_file or places.environment.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE")
    path = Path(named or DEFAULT_FILE).expanduser()
    if not named and not path.is_file():
        return None
    section = _section(path, places.profile, needed=bool(named))
    values = [section.get(name, "") for name in ("ak", "sk", "security_token", "project_id")]
    return _pair(values, "profile", f"ak in {path}", f"sk in {path}")


def _section(path: Path, profile: str, *, needed: bool) -> Mapping[str, str]:
    parser = configparser.RawConfigParser()
    problem = ""
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"the credentials file {path} cannot be read ({error.strerror})"
    except (configparser.Error, UnicodeDecodeError):
        # What is wrong there is not told: the line may hold the secret.
        problem = f"the credentials file {path} is no INI file"
    if not problem and needed and not parser.has_section(profile):
        problem = f"the credentials file {path} has no section [{profile}]"
    if problem:
        raise CloudError(_FINDING, problem, kind="input", hint="set credentials_file or profile to another")
    return dict(parser.items(profile)) if parser.has_section(profile) else {}


def _pair(values: Sequence[str], source: str, access_name: str, secret_name: str) -> Credentials | None:
    access_key, secret_key, token, project_id = (value.strip() for value in values)
    if not access_key and not secret_key:
        return None
    if not access_key or not secret_key:
        there, missing = (access_name, secret_name) if access_key else (secret_name, access_name)
        raise CloudError(_FINDING, f"there is {there} and no {missing}", kind="input", hint="set both or neither")
    return Credentials(access_key, secret_key, token, project_id, source)
