"""Bodies of requests about users, their permissions and passwords."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    Field,
)

from registry.api.models.requests import Strict
from registry.domain.accounts import Permission


class UserNameAndRole(Strict):
    name: Annotated[str, Field(max_length=1024)]
    is_admin: Annotated[bool, Field(description="of no effect: permissions are the account's")] = False


class Secret(Strict):
    password: Annotated[str, Field(max_length=1024)]


class SignInForm(BaseModel):
    """The password grant of OAuth 2.0 (RFC 6749, section 4.3.2). Other fields are ignored."""

    grant_type: Literal["password"] = "password"
    username: Annotated[str, Field(max_length=1024)]
    password: Annotated[str, Field(max_length=1024)]


class AuthenticateBody(Strict):
    user: UserNameAndRole
    secret: Secret


Permissions = Annotated[list[Annotated[Permission, Field(strict=False)]], Field(max_length=16)]


class NewUserBody(Strict):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$", max_length=64)]
    password: Annotated[str, Field(description="8 to 1024 characters, not among the common ones")]
    permissions: Permissions


class PermissionsBody(Strict):
    permissions: Permissions


class PasswordBody(Strict):
    current_password: Annotated[str | None, Field(max_length=1024, description="admins may leave it out")] = None
    new_password: Annotated[str, Field(description="8 to 1024 characters, not among the common ones")]
    revoke_tokens: Annotated[bool, Field(description="end the user's API tokens too, not only their sessions")] = False
