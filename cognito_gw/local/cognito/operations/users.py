"""Operations on users: by an administrator, and by the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.cognito import Cognito, codes, directory, user_attributes
from cognito_gw.local.cognito.checks import (
    check_policy,
    require_strength,
    required,
    signed_in_user,
    user_of_claims,
    user_of_pool,
    wrong_password,
)
from cognito_gw.local.errors import AwsFault, invalid_parameter, not_authorized
from cognito_gw.local.operations import cognito_idp

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.cognito.challenges import Lockout
    from cognito_gw.local.cognito.codes import Codes
    from cognito_gw.local.cognito.directory import AppClient, User
    from cognito_gw.local.operations import Answer, Call


@cognito_idp.refuses("AdminCreateUser")
def name_taken(call: Call) -> None:
    """Refuse the name or alias of another user: UsernameExistsException.

    moto has no aliases, and accepts the same name in another case.
    """
    if call.get("MessageAction") == "RESEND":
        return
    pool_id, name = call["UserPoolId"], call["Username"]
    user_attributes.require_username_format(pool_id, name)
    schema = directory.pool_settings(pool_id).get("SchemaAttributes", [])
    given = user_attributes.by_name(call.get("UserAttributes", []))
    user_attributes.require_fitting(schema, given)
    if directory.find_user(pool_id, name):
        raise AwsFault("UsernameExistsException", "User account already exists")
    taken = user_attributes.taken(pool_id, given, given)
    moves_alias = call.get("ForceAliasCreation")
    if taken and not (moves_alias and user_attributes.is_movable(pool_id, taken)):
        message = f"An account with the {taken} already exists."
        raise AwsFault("UsernameExistsException", message)


@cognito_idp.answers("AdminCreateUser")
def admin_create_user(call: Call) -> dict[str, Any]:
    """Move an alias to the new user, if requested; moto lets users share it."""
    answer = call.forward()
    user = directory.find_user(call["UserPoolId"], answer["User"]["Username"])
    if user is not None:
        user_attributes.release(call["UserPoolId"], user)
    return answer


@cognito_idp.answers("AdminGetUser")
def admin_get_user(call: Call) -> dict[str, Any]:
    """Find users in any case, and return their second factors, unknown to moto."""
    return user_of_pool(call.params).description()


@cognito_idp.answers(
    "AdminAddUserToGroup",
    "AdminConfirmSignUp",
    "AdminDeleteUser",
    "AdminEnableUser",
    "AdminListGroupsForUser",
    "AdminRemoveUserFromGroup",
    "AdminSetUserPassword",
)
def find_as_aws_does(call: Call) -> dict[str, Any]:
    """Find users in any case, by sub and by alias; moto requires the exact name."""
    user = directory.find_user(call["UserPoolId"], call["Username"])
    return call.forward(Username=user.username) if user else call.forward()


@cognito_idp.refuses("AdminConfirmSignUp")
def confirmed_already(call: Call) -> None:
    """Refuse a confirmed user: NotAuthorizedException; moto confirms any user."""
    user = directory.find_user(call["UserPoolId"], call["Username"])
    if user is not None and user.status != "UNCONFIRMED":
        raise not_authorized(
            f"User cannot be confirmed. Current status is {user.status}"
        )


@cognito_idp.refuses("AdminCreateUser", "AdminSetUserPassword")
def weak_password(call: Call) -> None:
    """Refuse what the policy forbids, with AWS's message: InvalidPasswordException."""
    password = call.get("TemporaryPassword") or call.get("Password")
    if password is None:
        return
    pool = call.backend.user_pools[call["UserPoolId"]]
    require_strength(pool.extended_config["Policies"]["PasswordPolicy"], password)
    # Turn off moto's check, which allows 98 characters at most. Do so in the class,
    # because the attributes of a backend are saved.
    type(call.backend)._validate_password = lambda *_: None  # noqa: SLF001


_PREFERENCES = {
    "SoftwareTokenMfaSettings": "SOFTWARE_TOKEN_MFA",
    "EmailMfaSettings": "EMAIL_OTP",
    "SMSMfaSettings": "SMS_MFA",
}


def _user(call: Call) -> tuple[User, AppClient]:
    """Return the user of an access token, and the app client it was issued to."""
    token = required(call.params, "AccessToken")
    claims = call.part(Cognito).tokens.of_access_token(token)
    client = directory.find_client(claims["client_id"])
    if client is None:
        raise not_authorized("Invalid Access Token")
    return user_of_claims(claims), client


@cognito_idp.answers("GetUser")
def get_user(call: Call) -> Answer:
    """Return what the client may read of the user, and the second factors."""
    user, client = _user(call)
    readable = user_attributes.readable(client, user)
    pairs = [{"Name": name, "Value": readable[name]} for name in readable]
    shown = user.description() | {"UserAttributes": pairs}
    kept = ("Username", "UserAttributes", "UserMFASettingList")
    answer = {key: shown[key] for key in kept if shown[key]}
    if user.mfa.preferred:
        answer["PreferredMfaSetting"] = user.mfa.preferred
    return answer


@cognito_idp.answers("GetUserAuthFactors")
def get_user_auth_factors(call: Call) -> Answer:
    """Return the ways in which the user can sign in."""
    user, _ = _user(call)
    return {
        "Username": user.username,
        "UserMFASettingList": list(user.mfa.enabled),
        "ConfiguredUserAuthFactors": ["PASSWORD"],
    }


@cognito_idp.answers("ChangePassword")
def change_password(call: Call) -> Answer:
    """Change the password of a user who knows the present one."""
    user, client = _user(call)
    previous = required(call.params, "PreviousPassword")
    _require_password(call.part(Cognito).lockout, user, previous)
    proposed = required(call.params, "ProposedPassword")
    check_policy(client, proposed)
    user.confirm_with(proposed)
    return {}


def _require_password(lockout: Lockout, user: User, password: str) -> None:
    """Refuse a wrong password, and too many: a stolen token must not allow guesses."""
    key = f"change/{user.sub}"
    if lockout.is_locked(key):
        raise codes.too_many_attempts()
    if not user.has_password(password):
        lockout.failed(key)
        raise wrong_password()
    lockout.succeeded(key)


@cognito_idp.answers("UpdateUserAttributes")
def update_user_attributes(call: Call) -> Answer:
    """Set attributes. A new address is unverified until its code is confirmed."""
    user, client = _user(call)
    given = user_attributes.by_name(call["UserAttributes"])
    user_attributes.require_writable(client, given)
    user_attributes.require_changeable(client.pool, given)
    user_attributes.require_fitting(client.schema, given)
    new = user_attributes.changes(client.pool_id, user, given)
    sent = _set(call.part(Cognito).codes, client.pool, user, new)
    return {"CodeDeliveryDetailsList": sent}


@cognito_idp.answers("AdminUpdateUserAttributes")
def admin_update_user_attributes(call: Call) -> Answer:
    """Set attributes, also as verified."""
    user, pool_id = user_of_pool(call.params), call["UserPoolId"]
    pool = directory.pool_settings(pool_id)
    given = user_attributes.by_name(call["UserAttributes"])
    user_attributes.require_changeable(pool, given)
    user_attributes.require_fitting(pool.get("SchemaAttributes", []), given)
    new = given | {
        f"{name}_verified": given.get(f"{name}_verified", "false")
        for name in user_attributes.changed(user, given)
    }
    fixed = [name for name in new if not user_attributes.is_movable(pool_id, name)]
    user_attributes.require_free(pool_id, user.attributes | new, fixed, user)
    _set(call.part(Cognito).codes, pool, user, new)
    user_attributes.release(pool_id, user)
    return {}


def _set(
    sent_codes: Codes, pool: dict[str, Any], user: User, new: dict[str, str]
) -> list[dict[str, str]]:
    """Set attributes, and return the delivery details of codes for new addresses.

    If the pool verifies an address before the update, its code sets it. A blank value
    deletes an attribute.
    """
    verified = pool.get("AutoVerifiedAttributes") or []
    settings = pool.get("UserAttributeUpdateSettings") or {}
    late = settings.get("AttributesRequireVerificationBeforeUpdate") or []
    sent = []
    for name in user_attributes.changed(user, new):
        if name not in verified or new[f"{name}_verified"] == "true":
            continue
        if name in late:
            address = new.pop(name)
            del new[f"{name}_verified"]
            sent.append(sent_codes.send(user, codes.VERIFY[name], name, address))
        else:
            user.set_attributes({name: new[name]})
            sent.append(sent_codes.send(user, codes.VERIFY[name], name))
    user.set_attributes({name: value for name, value in new.items() if value})
    _delete(user, [name for name, value in new.items() if not value])
    return sent


def _delete(user: User, names: list[str]) -> None:
    """Delete attributes; with an address, its state too."""
    gone = [f"{name}_verified" for name in codes.ADDRESSES if name in names]
    user.delete_attributes([*names, *gone])


@cognito_idp.answers("DeleteUserAttributes", "AdminDeleteUserAttributes")
def delete_user_attributes(call: Call) -> Answer:
    """Delete attributes that the caller may change; with an address, its state too."""
    names = call["UserAttributeNames"]
    if call.operation == "DeleteUserAttributes":
        user, client = _user(call)
        user_attributes.require_writable(client, names)
        user_attributes.require_changeable(client.pool, names)
    else:
        user = user_of_pool(call.params)
        pool = directory.pool_settings(call["UserPoolId"])
        user_attributes.require_changeable(pool, names)
    _delete(user, names)
    return {}


@cognito_idp.answers("GetUserAttributeVerificationCode")
def get_user_attribute_verification_code(call: Call) -> Answer:
    """Send a code to an address of the user."""
    user, _ = _user(call)
    name = required(call.params, "AttributeName")
    if name not in codes.ADDRESSES or name not in user.attributes:
        raise invalid_parameter(f"User does not have a registered {name}")
    delivery = call.part(Cognito).codes.send(user, codes.VERIFY[name], name)
    return {"CodeDeliveryDetails": delivery}


@cognito_idp.answers("VerifyUserAttribute")
def verify_user_attribute(call: Call) -> Answer:
    """Verify an address by its code."""
    user, client = _user(call)
    name = required(call.params, "AttributeName")
    if name not in codes.ADDRESSES:
        raise invalid_parameter(f"{name} is not verified")
    sent_codes, purpose = call.part(Cognito).codes, codes.VERIFY[name]
    code = sent_codes.match(user, purpose, required(call.params, "Code"))
    new = {name: code.address, f"{name}_verified": "true"}
    user_attributes.require_free(client.pool_id, user.attributes | new, new, user)
    sent_codes.spend(user, purpose)
    user.set_attributes(new)
    return {}


@cognito_idp.answers("DeleteUser")
def delete_user(call: Call) -> Answer:
    """Delete the user."""
    user, client = _user(call)
    directory.delete_user(client.pool_id, user.username)
    return {}


@cognito_idp.answers("AssociateSoftwareToken")
def associate_software_token(call: Call) -> Answer:
    """Return a new secret for an authenticator app."""
    if "AccessToken" in call.params:
        user, _ = _user(call)
        return {"SecretCode": codes.new_totp_secret(user)}
    user, session = _at_set_up(call)
    return {"SecretCode": codes.new_totp_secret(user), "Session": session}


@cognito_idp.answers("VerifySoftwareToken")
def verify_software_token(call: Call) -> Answer:
    """Verify the secret by a one-time password."""
    code = required(call.params, "UserCode")
    if "AccessToken" in call.params:
        user, _ = _user(call)
        codes.verify_totp(user, code)
        return {"Status": "SUCCESS"}
    user, session = _at_set_up(call, lambda user: codes.verify_totp(user, code))
    return {"Status": "SUCCESS", "Session": session}


def _at_set_up(
    call: Call, check: Callable[[User], None] = lambda _: None
) -> tuple[User, str]:
    """Return the user who sets up MFA at sign-in, and the next session."""
    session = required(call.params, "Session")
    challenges = call.part(Cognito).challenges
    pending = challenges.peek(session)
    client = pending and directory.find_client(pending.client_id)
    if not pending or not client or pending.challenge != "MFA_SETUP":
        raise not_authorized("Invalid session for the user.")
    challenges.find(client, "MFA_SETUP", session)
    subject = pending.subject
    user = signed_in_user(client.pool_id, subject.username, str(subject.stamp))
    check(user)
    challenges.spend(session)
    following = challenges.ask(client, subject, "MFA_SETUP", {})
    return user, following.session


@cognito_idp.answers("SetUserMFAPreference", "AdminSetUserMFAPreference")
def set_user_mfa_preference(call: Call) -> Answer:
    """Turn second factors of a user on and off."""
    is_own = call.operation == "SetUserMFAPreference"
    user = _user(call)[0] if is_own else user_of_pool(call.params)
    settings = {
        factor: call[name]
        for name, factor in _PREFERENCES.items()
        if name in call.params
    }
    for factor, setting in settings.items():
        if setting.get("Enabled"):
            _require_set_up(user, factor)
    own = user.mfa
    for factor, setting in settings.items():
        own.enabled = [enabled for enabled in own.enabled if enabled != factor]
        own.enabled += [factor] if setting.get("Enabled") else []
        if setting.get("PreferredMfa"):
            own.preferred = factor
        elif own.preferred == factor:
            own.preferred = None
    return {}


def _require_set_up(user: User, factor: str) -> None:
    if factor == codes.SOFTWARE_TOKEN:
        is_set_up, what = user.mfa.has_verified_totp, "verified software token mfa"
    else:
        attribute = codes.BY_MESSAGE[factor]
        is_set_up, what = attribute in user.attributes, f"set up a {attribute}"
    if not is_set_up:
        raise invalid_parameter(f"User has not {what}")
