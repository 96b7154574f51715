"""Where moto is made quicker: what it does anew for each call or service, it does once.

Nothing here changes an answer; all of it can be deleted.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from moto.core import loaders, responses, utils
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from cognito_gw.aws.models import Files, Models


class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]
    """Remembers which service a host is; moto lists its folders to tell."""

    get_backend_for_host = lru_cache(DomainDispatcherApplication.get_backend_for_host)


class _Models(Models, loaders.Loader):  # type: ignore[misc]
    """Finds and reads as ours does, and has the extras of moto's."""


@cache
def _models() -> Any:
    return _Models([loaders.moto_root], Files())


# moto's own has found nothing yet, and there is a new one for each service.
utils.create_loader = _models
# moto looks through a class for its operations.
responses.method_names_from_class = cache(utils.method_names_from_class)
