"""Managed login branding, of which moto knows nothing: one style per app client."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cognito_gw.local.corrections.cognito_idp.faults import not_found
from cognito_gw.local.corrections.services import cognito_idp
from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.corrections.call import Call

STYLE = ("UseCognitoProvidedValues", "Settings", "Assets")


@cognito_idp.answers("CreateManagedLoginBranding")
def create_managed_login_branding(call: Call) -> dict[str, Any]:
    """Make a client's style: a second is a ManagedLoginBrandingExistsException."""
    styles = _styles(call)
    client = call.backend.describe_user_pool_client(
        call["UserPoolId"], call["ClientId"]
    )
    if client.id in styles:
        raise AwsFault(
            "ManagedLoginBrandingExistsException",
            "Managed login branding already exists for this client.",
        )
    styles[client.id] = {
        "ManagedLoginBrandingId": str(uuid.uuid4()),
        "UserPoolId": call["UserPoolId"],
        "CreationDate": datetime.now(UTC),
    } | _style(call)
    return {"ManagedLoginBranding": styles[client.id]}


@cognito_idp.answers("DescribeManagedLoginBrandingByClient")
def describe_managed_login_branding_by_client(call: Call) -> dict[str, Any]:
    """Find a client's style: absent is a ResourceNotFoundException."""
    styles = _styles(call)
    if call["ClientId"] not in styles:
        raise _absent()
    return {"ManagedLoginBranding": styles[call["ClientId"]]}


@cognito_idp.answers("DescribeManagedLoginBranding")
def describe_managed_login_branding(call: Call) -> dict[str, Any]:
    """Find a style by id: absent is a ResourceNotFoundException."""
    return {"ManagedLoginBranding": _styles(call)[_client_of_style(call)]}


@cognito_idp.answers("UpdateManagedLoginBranding")
def update_managed_login_branding(call: Call) -> dict[str, Any]:
    """Replace a style."""
    branding = _styles(call)[_client_of_style(call)]
    for name in STYLE:
        branding.pop(name, None)
    branding.update(_style(call))
    return {"ManagedLoginBranding": branding}


@cognito_idp.answers("DeleteManagedLoginBranding")
def delete_managed_login_branding(call: Call) -> dict[str, Any]:
    """Delete a style."""
    del _styles(call)[_client_of_style(call)]
    return {}


@cognito_idp.amends("DeleteUserPoolClient")
def delete_style_of_client(call: Call, _: dict[str, Any]) -> None:
    """Delete a client's style with the client."""
    _styles(call).pop(call["ClientId"], None)


def _styles(call: Call) -> dict[str, dict[str, Any]]:
    """Return styles by client id, kept on moto's pool so that they go with it."""
    pool = call.backend.user_pools[call["UserPoolId"]]
    styles: dict[str, dict[str, Any]] = vars(pool).setdefault("managed_login", {})
    return styles


def _style(call: Call) -> dict[str, Any]:
    given = {name: call[name] for name in STYLE if name in call.params}
    return given | {"LastModifiedDate": datetime.now(UTC)}


def _client_of_style(call: Call) -> str:
    for client_id, branding in _styles(call).items():
        if branding["ManagedLoginBrandingId"] == call["ManagedLoginBrandingId"]:
            return client_id
    raise _absent()


def _absent() -> AwsFault:
    return not_found("Managed login branding does not exist.")
