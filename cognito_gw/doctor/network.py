"""Whether AWS can be reached from here, and by which way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from cognito_gw.addresses import LOOPBACK
from cognito_gw.doctor.finding import Finding
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cognito_gw.aws.clients import Aws

_FIX = (
    "check the network and the region; behind a proxy set HTTPS_PROXY, and "
    "AWS_CA_BUNDLE where it has a certificate of its own"
)


def endpoints_of(aws: Aws) -> dict[str, list[str]]:
    """Return the address that each service's client calls: the services, by URL."""
    clients = {
        "cognito-idp": aws.cognito,
        "apigateway": aws.apigateway,
        "lambda": aws.functions,
        "iam": aws.iam,
        "sts": aws.sts,
        "logs": aws.logs,
    }
    urls: dict[str, list[str]] = {}
    for name, client in clients.items():
        urls.setdefault(str(client.meta.endpoint_url), []).append(name)
    return urls


def endpoints(urls: Mapping[str, list[str]], send: Callable[..., Any]) -> Finding:
    """Call every address; whatever it answers, it has been reached."""
    with ThreadPoolExecutor(len(urls)) as pool:
        errors = list(pool.map(lambda url: _error(url, send), urls))
    silent = [
        f"{', '.join(names)}: {error}"
        for names, error in zip(urls.values(), errors, strict=True)
        if error
    ]
    way = _way(urls)
    if silent:
        return Finding("fail", "\n".join([f"not reached {way}:", *silent]), _FIX)
    names = ", ".join(name for each in urls.values() for name in each)
    at = f" at {next(iter(urls))}" if len(urls) == 1 else ""
    return Finding("ok", f"{names} answer{at}, {way}")


def _error(url: str, send: Callable[..., Any]) -> str | None:
    try:
        send("GET", url, [], [], None)
    except CgwError as error:
        return error.what
    return None


def _way(urls: Iterable[str]) -> str:
    proxies = {proxy for url in urls if (proxy := proxy_for(url))}
    named = " and ".join(sorted(proxies))
    return f"by the proxy {named}" if named else "without a proxy"


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, without its password."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or host in LOOPBACK or proxy_bypass(host):
        return None
    where = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    return where.netloc.rpartition("@")[2]
