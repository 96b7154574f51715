"""Operations that sign users up, in and out, and that reset passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cognito_gw.local.cognito import Cognito, codes, user_attributes
from cognito_gw.local.cognito.checks import (
    check_secret,
    check_secret_hash,
    client_of,
    require_enabled,
    required,
    signed_in_user,
    user_of_claims,
    user_of_pool,
)
from cognito_gw.local.cognito.sign_in import auth_result
from cognito_gw.local.cognito.sign_up import no_address
from cognito_gw.local.errors import AwsFault, invalid_parameter, not_authorized
from cognito_gw.local.operations import cognito_idp

if TYPE_CHECKING:
    from cognito_gw.local.cognito.directory import AppClient
    from cognito_gw.local.operations import Answer, Call


@cognito_idp.answers("InitiateAuth", "AdminInitiateAuth")
def initiate_auth(call: Call) -> Answer:
    """Start a sign-in; moto checks no password by SRP and asks few challenges."""
    is_admin = call.operation == "AdminInitiateAuth"
    sign_in, client = call.part(Cognito).sign_in, client_of(call.params)
    return sign_in.initiate(client, call.params, is_admin=is_admin)


@cognito_idp.answers("RespondToAuthChallenge", "AdminRespondToAuthChallenge")
def respond_to_auth_challenge(call: Call) -> Answer:
    """Continue a sign-in."""
    return call.part(Cognito).sign_in.respond(client_of(call.params), call.params)


@cognito_idp.answers("GetTokensFromRefreshToken")
def get_tokens_from_refresh_token(call: Call) -> Answer:
    """Exchange a refresh token; moto has no GetTokensFromRefreshToken."""
    client, tokens = client_of(call.params), call.part(Cognito).tokens
    check_secret(client, call.get("ClientSecret"))
    token = required(call.params, "RefreshToken")
    grant = tokens.granted(client, token)
    user = signed_in_user(client.pool_id, grant.username, grant.stamp)
    return auth_result(tokens.renewed(client, user, grant, token))


@cognito_idp.answers("RevokeToken")
def revoke_token(call: Call) -> Answer:
    """Revoke a refresh token and the access tokens that came from it."""
    client = client_of(call.params)
    check_secret(client, call.get("ClientSecret"))
    if not client.settings.get("EnableTokenRevocation", True):
        message = "Token revocation is not enabled"
        raise AwsFault("UnsupportedOperationException", message)
    call.part(Cognito).tokens.revoke(required(call.params, "Token"), client.id)
    return {}


@cognito_idp.answers("GlobalSignOut", "AdminUserGlobalSignOut")
def global_sign_out(call: Call) -> Answer:
    """End every session of a user."""
    tokens = call.part(Cognito).tokens
    if call.operation == "GlobalSignOut":
        claims = tokens.of_access_token(required(call.params, "AccessToken"))
        user = user_of_claims(claims)
    else:
        user = user_of_pool(call.params)
    tokens.revoke_all(user)
    return {}


@cognito_idp.answers("AdminDisableUser")
def admin_disable_user(call: Call) -> Answer:
    """Disable a user and end every session, also for the time after AdminEnableUser."""
    user = user_of_pool(call.params)
    call.part(Cognito).tokens.revoke_all(user)
    user.disable()
    return {}


@cognito_idp.answers("SignUp")
def sign_up(call: Call) -> Answer:
    """Add a user who is not confirmed yet."""
    client, name = _client_and_name(call)
    given = user_attributes.by_name(call.get("UserAttributes", []))
    user, delivery = call.part(Cognito).sign_up.add(
        client, name, required(call.params, "Password"), given
    )
    answer = {"UserConfirmed": False, "UserSub": user.sub}
    return answer | ({"CodeDeliveryDetails": delivery} if delivery else {})


@cognito_idp.answers("ConfirmSignUp")
def confirm_sign_up(call: Call) -> Answer:
    """Confirm a user by the code that was sent."""
    client, name = _client_and_name(call)
    code = required(call.params, "ConfirmationCode")
    takes_alias = bool(call.get("ForceAliasCreation"))
    call.part(Cognito).sign_up.confirm(client, name, code, takes_alias=takes_alias)
    return {}


@cognito_idp.answers("ResendConfirmationCode")
def resend_confirmation_code(call: Call) -> Answer:
    """Send the sign-up code again."""
    delivery = call.part(Cognito).sign_up.resend(*_client_and_name(call))
    return {"CodeDeliveryDetails": delivery}


@cognito_idp.answers("ForgotPassword")
def forgot_password(call: Call) -> Answer:
    """Send a code that resets the password."""
    delivery = call.part(Cognito).sign_up.forget(*_client_and_name(call))
    return {"CodeDeliveryDetails": delivery}


@cognito_idp.answers("ConfirmForgotPassword")
def confirm_forgot_password(call: Call) -> Answer:
    """Set a new password by the code that was sent."""
    client, name = _client_and_name(call)
    code = required(call.params, "ConfirmationCode")
    password = required(call.params, "Password")
    call.part(Cognito).sign_up.reset(client, name, code, password)
    return {}


@cognito_idp.answers("AdminResetUserPassword")
def admin_reset_user_password(call: Call) -> Answer:
    """Require a new password, and send a code that sets it."""
    user = user_of_pool(call.params)
    require_enabled(user)
    if user.status not in ("CONFIRMED", "RESET_REQUIRED"):
        raise not_authorized("User password cannot be reset in the current state.")
    addresses = [address for address in codes.ADDRESSES if user.has_verified(address)]
    if not addresses:
        raise no_address()
    user.set_status("RESET_REQUIRED")
    call.part(Cognito).codes.send(user, codes.RESET, addresses[0])
    return {}


@cognito_idp.answers(
    "CompleteWebAuthnRegistration",
    "ConfirmDevice",
    "DeleteWebAuthnCredential",
    "ForgetDevice",
    "GetDevice",
    "ListDevices",
    "ListUserSessions",
    "ListWebAuthnCredentials",
    "RevokeUserSession",
    "SetUserSettings",
    "StartWebAuthnRegistration",
    "UpdateDeviceStatus",
)
def not_available(_: Call) -> NoReturn:
    """Refuse; moto would accept tokens by its own key, whose private half is public."""
    raise invalid_parameter("The local AWS does not have this operation yet")


def _client_and_name(call: Call) -> tuple[AppClient, str]:
    """Return the app client and the user name of a call, its secret hash checked."""
    client, name = client_of(call.params), required(call.params, "Username")
    sent = {"SECRET_HASH": call["SecretHash"]} if "SecretHash" in call.params else {}
    check_secret_hash(client, name, sent)
    return client, name
