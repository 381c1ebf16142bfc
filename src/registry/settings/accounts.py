"""Accounts, tokens, and the keys that sign."""

from pydantic import BaseModel, Field, SecretStr, field_validator

from registry.domain.accounts import Permission
from registry.domain.errors import InvalidInput
from registry.domain.receipt_keys import read_keys
from registry.settings.choices import Seconds

_MIN_SECRET_LENGTH = 32
_ANONYMOUS: tuple[set[str], ...] = (set(), {"search"}, {"search", "download"})


class AccountSettings(BaseModel):
    """Who may sign in, with which keys, and how often."""

    admin_username: str = Field("admin", pattern=r"^[A-Za-z0-9._@-]{1,64}$", description="name of the first admin")
    admin_password: SecretStr | None = Field(None, description="password of the first admin; embedded: generated once")
    jwt_secret: SecretStr | None = Field(None, description="key that signs tokens; embedded: generated once")
    audit_key: SecretStr | None = Field(
        None, description="secret that signs the audit log; embedded: generated once; else made from jwt_secret"
    )
    receipt_key: SecretStr | None = Field(
        None, description="secret that signs rating receipts; embedded: generated once; else made from jwt_secret"
    )
    receipt_keys_retired: str = Field(
        "", description="public keys that signed receipts before: the JSON of `registry receipt-keys`, or one in base64"
    )
    token_lifetime_seconds: Seconds = Field(36_000, description="how long a token lives")
    session_lease_seconds: float = Field(
        0,
        ge=0,
        le=5,
        description="how long a session that was read may be used; changes of accounts and revocations then answer so "
        "much later, and hold from the next request as without; the same in all processes; 0: read for each request",
    )
    login_window_seconds: Seconds = Field(300, description="window in which failed logins are counted")
    login_attempts_per_name: int = Field(20, ge=1, description="failed logins of one name from one address in a window")
    login_attempts_per_address: int = Field(100, ge=1, description="failed logins from one address in a window")
    anonymous: str = Field(
        "", description="what requests without a token may do: `search`, or `search,download`; empty: nothing"
    )
    requests_per_minute: int = Field(
        0, ge=0, description="requests of one token, or of one address without, in a minute; 0: no limit"
    )

    @field_validator("anonymous")
    @classmethod
    def _only_reads(cls, text: str) -> str:
        words = {word.strip() for word in text.split(",") if word.strip()}
        if words not in _ANONYMOUS:
            raise ValueError("give search, or search,download, or nothing")
        return text

    @field_validator("jwt_secret", "audit_key", "receipt_key")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < _MIN_SECRET_LENGTH:
            raise ValueError(f"give at least {_MIN_SECRET_LENGTH} characters, e.g. from: openssl rand -hex 32")
        return secret

    @field_validator("receipt_keys_retired")
    @classmethod
    def _only_keys(cls, text: str) -> str:
        if text:
            try:
                read_keys(text)
            except InvalidInput as error:
                raise ValueError(str(error)) from None
        return text

    @property
    def anonymous_permissions(self) -> frozenset[Permission]:
        """The permissions of a request without a token."""
        return frozenset(Permission(word.strip()) for word in self.anonymous.split(",") if word.strip())
