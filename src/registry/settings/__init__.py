"""All settings, in one frozen model: the only reader of the environment (prefix `REGISTRY_`) and of `.env`.

A setting is a field of the class of its subject: `server`, `accounts`, `stores`, `packages`, `ratings`, `safety` or
`sources`; `model` joins them and has the rules between them.
"""

from registry.settings.choices import AwsClient, BlobsBackend, CacheBackend, JobsBackend, RecordsBackend
from registry.settings.loading import SettingsError, describe, load_settings
from registry.settings.model import ENV_FILE, PREFIX, Settings

__all__ = [
    "ENV_FILE",
    "PREFIX",
    "AwsClient",
    "BlobsBackend",
    "CacheBackend",
    "JobsBackend",
    "RecordsBackend",
    "Settings",
    "SettingsError",
    "describe",
    "load_settings",
]
