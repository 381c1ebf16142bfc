"""argon2id with the parameters that RFC 9106, section 4, recommends where memory is limited: 3 passes, 64 MiB, 4 lanes.

The parameters stand in each hash, so hashes made with others stay valid; a user's next password gets the new ones.
"""

import asyncio
import secrets
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError
from argon2.low_level import error_to_str
from argon2.profiles import RFC_9106_LOW_MEMORY

from registry.domain.errors import Unavailable

_OUT_OF_MEMORY = error_to_str(-22)
"""The text of ARGON2_MEMORY_ALLOCATION_ERROR; other failures of a check mean that password or hash are wrong."""
_NO_MEMORY = "Passwords cannot be checked now: memory is short."


class Argon2PasswordHasher:
    """`PasswordHasher` in threads of its own: logins wait for each other (64 MiB each), not for reads of files."""

    def __init__(self, parameters: Parameters = RFC_9106_LOW_MEMORY, *, concurrency: int = 2) -> None:
        """`concurrency`: how many hashes may be computed at a time, each taking the parameters' memory."""
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="argon2")
        self._nobodys_hash = _random_hash(parameters)

    def close(self) -> None:
        """Wait for what is under way and end the threads."""
        self._threads.shutdown()

    async def hash(self, password: str) -> str:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, _encode(password))
        except HashingError as error:
            raise Unavailable(_NO_MEMORY) from error

    async def verify(self, password_hash: str | None, password: str) -> bool:
        checked = self._nobodys_hash if password_hash is None else password_hash
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, checked, password)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _encode(password))
        except InvalidHashError:
            return False
        except VerificationError as error:
            if str(error) == _OUT_OF_MEMORY:
                raise Unavailable(_NO_MEMORY) from error
            return False


def _encode(password: str) -> bytes:
    """UTF-8, and something for the lone surrogates that JSON can carry: a strange password is no crash."""
    return password.encode("utf-8", "surrogatepass")


def _random_hash(parameters: Parameters) -> str:
    """A hash of no known password: checking against it costs what a real one costs, making it costs nothing."""

    def random_base64(length: int) -> str:
        return b64encode(secrets.token_bytes(length)).decode().rstrip("=")

    settings = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    salt, digest = random_base64(parameters.salt_len), random_base64(parameters.hash_len)
    return f"$argon2id$v={parameters.version}${settings}${salt}${digest}"
