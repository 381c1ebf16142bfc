"""Addresses of registries as people write them."""

import ipaddress

from registry.cli.failures import CommandError, usage_error


def server_url(text: str) -> str:
    """The address with a scheme and without a slash at its end, so that one server has one name in the configuration.

    Without a scheme it is https, except for this machine, private networks and names without a dot. Raises
    CommandError.
    """
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = ("http" if _is_near(_host(text)) else "https"), text
    if scheme.lower() not in ("http", "https") or not _host(rest) or any(map(str.isspace, rest)):
        raise bad_address(text)
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def bad_address(text: str) -> CommandError:
    return usage_error(
        f"{text!r} is no address of a registry; write one like https://registry.example.org or host:8000"
    )


def _host(rest: str) -> str:
    authority = rest.partition("/")[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def _is_near(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host
    return address.is_loopback or address.is_private
