"""Where moto is made quicker: what it does anew for each call or service, it does once.

But for the refusal of moto's own pages, nothing here changes an answer.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from moto.core import loaders, responses, utils
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from cognito_gw.aws.models import Files, Models

_NOT_OF_AWS = ("moto_api", "instance_metadata")


class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]
    """Remembers which service a host is; moto lists its folders to tell.

    What moto serves besides AWS (its state to read, to seed and to reset; recordings)
    is not reached, whatever path or host would lead to it.
    """

    @lru_cache  # noqa: B019 - there is one for the whole process
    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the service of a host, or None where moto knows none."""
        backend = super().get_backend_for_host(host)
        if str(backend).startswith(_NOT_OF_AWS):
            raise NotImplementedError(f"{host} is not a service of AWS")
        return backend


class _Models(Models, loaders.Loader):  # type: ignore[misc]
    """Finds and reads as ours does, and has the extras of moto's."""


@cache
def _models() -> Any:
    return _Models([loaders.moto_root], Files())


# moto's own has found nothing yet, and there is a new one for each service.
utils.create_loader = _models
# moto looks through a class for its operations.
responses.method_names_from_class = cache(utils.method_names_from_class)
