"""Password hashes by argon2id."""

from registry.adapters.argon2.passwords import Argon2PasswordHasher

__all__ = ["Argon2PasswordHasher"]
