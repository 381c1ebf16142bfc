"""The keys that sign and the first admin's password: from the settings, or made once in the data folder."""

import secrets
from dataclasses import dataclass

from pydantic import SecretStr

from registry.adapters.filesystem.secret_files import kept_secret
from registry.settings import Settings

ADMIN_PASSWORD_FILE = "admin-password"  # noqa: S105  (a file name)
_SIGNING_KEY_FILE = "signing-key"
_AUDIT_KEY_FILE = "audit-key"
_RECEIPT_KEY_FILE = "receipt-key"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs, and the first admin's password."""

    signing_key: str
    admin_password: str
    audit_key: str
    receipt_key: str


def secrets_of(settings: Settings) -> Secrets:
    """The keys and the password from the settings; the embedded storage backend makes and keeps what is not given."""

    def value(given: SecretStr | None, file: str, size: int) -> str:
        if given is not None:
            return given.get_secret_value()
        return kept_secret(settings.data_dir / file, lambda: secrets.token_urlsafe(size))

    signing_key = value(settings.jwt_secret, _SIGNING_KEY_FILE, 48)
    # At scale the key that signs tokens gives the others, too, where none is set: signers derive other keys from it.
    unset = None if settings.embedded else SecretStr(signing_key)
    return Secrets(
        signing_key,
        value(settings.admin_password, ADMIN_PASSWORD_FILE, 15),
        value(settings.audit_key or unset, _AUDIT_KEY_FILE, 48),
        value(settings.receipt_key or unset, _RECEIPT_KEY_FILE, 48),
    )
