"""Proxies of the environment: none for the services of this machine, and said by name where one is in the way."""

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def is_own_machine(url: str) -> bool:
    """Whether a URL is of this machine: no proxy knows its services. Raises ValueError for what is no URL."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for a URL, without its password; None when there is none."""
    parts = urlsplit(url)
    if is_own_machine(url) or proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return None
    head, mark, host = proxy.rpartition("@")
    return f"{head.partition('://')[0]}://{host}" if mark else proxy
