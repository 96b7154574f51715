"""What signed-in users may do with their own accounts, by access token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.cognito import aliases, codes, directory
from cognito_gw.local.cognito.checks import (
    check_changeable,
    check_policy,
    check_writable,
    require_fitting,
    required,
    signed_in_user,
    user_of_claims,
    user_of_pool,
    wrong_password,
)
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.cognito.challenges import Challenges, Lockout
    from cognito_gw.local.cognito.codes import Codes
    from cognito_gw.local.cognito.directory import AppClient, User
    from cognito_gw.local.cognito.tokens import Tokens

Request = dict[str, Any]
Answer = dict[str, Any]

_PREFERENCES = {
    "SoftwareTokenMfaSettings": "SOFTWARE_TOKEN_MFA",
    "EmailMfaSettings": "EMAIL_OTP",
    "SMSMfaSettings": "SMS_MFA",
}


class Profile:
    """Shows and changes the account of whose access token it is."""

    def __init__(
        self,
        tokens: Tokens,
        challenges: Challenges,
        sent_codes: Codes,
        lockout: Lockout,
    ) -> None:
        """Know users by `tokens`, or by the session of one of the `challenges`."""
        self._lockout = lockout
        self._tokens = tokens
        self._challenges = challenges
        self._codes = sent_codes
        self.operations: dict[str, Callable[[Request], Answer]] = {
            "GetUser": self._get_user,
            "GetUserAuthFactors": self._get_factors,
            "ChangePassword": self._change_password,
            "UpdateUserAttributes": self._update_attributes,
            "AdminUpdateUserAttributes": self._admin_update_attributes,
            "DeleteUserAttributes": self._delete_attributes,
            "AdminDeleteUserAttributes": self._admin_delete_attributes,
            "GetUserAttributeVerificationCode": self._send_verification,
            "VerifyUserAttribute": self._verify_attribute,
            "DeleteUser": self._delete_user,
            "AssociateSoftwareToken": self._associate,
            "VerifySoftwareToken": self._verify_token,
            "SetUserMFAPreference": self._set_preference,
            "AdminSetUserMFAPreference": self._admin_set_preference,
        }

    def _user(self, request: Request) -> tuple[User, AppClient]:
        claims = self._tokens.of_access_token(required(request, "AccessToken"))
        client = directory.find_client(claims["client_id"])
        if client is None:
            raise AwsFault("NotAuthorizedException", "Invalid Access Token")
        return user_of_claims(claims), client

    def _get_user(self, request: Request) -> Answer:
        user, _ = self._user(request)
        shown = user.description()
        kept = ("Username", "UserAttributes", "UserMFASettingList")
        answer = {key: shown[key] for key in kept if shown[key]}
        if user.mfa.preferred:
            answer["PreferredMfaSetting"] = user.mfa.preferred
        return answer

    def _get_factors(self, request: Request) -> Answer:
        user, _ = self._user(request)
        return {
            "Username": user.username,
            "UserMFASettingList": list(user.mfa.enabled),
            "ConfiguredUserAuthFactors": ["PASSWORD"],
        }

    def _change_password(self, request: Request) -> Answer:
        user, client = self._user(request)
        self._require_password(user, required(request, "PreviousPassword"))
        proposed = required(request, "ProposedPassword")
        check_policy(client, proposed)
        user.confirm_with(proposed)
        return {}

    def _require_password(self, user: User, password: str) -> None:
        """Refuse a wrong password; a stolen token is of no use to guess it."""
        key = f"change/{user.sub}"
        if self._lockout.is_locked(key):
            raise codes.too_many_attempts()
        if not user.has_password(password):
            self._lockout.failed(key)
            raise wrong_password()
        self._lockout.succeeded(key)

    def _update_attributes(self, request: Request) -> Answer:
        """Set attributes; a changed address is unverified until its code comes back."""
        user, client = self._user(request)
        given = {each["Name"]: each["Value"] for each in request["UserAttributes"]}
        check_writable(client, given)
        require_fitting(client.pool.get("SchemaAttributes", []), given)
        new = aliases.changes(client.pool_id, user, given)
        return {"CodeDeliveryDetailsList": self._set(client.pool, user, new)}

    def _admin_update_attributes(self, request: Request) -> Answer:
        """Set attributes, and verify them if the administrator says so."""
        user, pool_id = user_of_pool(request), request["UserPoolId"]
        pool = directory.pool_settings(pool_id)
        given = {each["Name"]: each["Value"] for each in request["UserAttributes"]}
        check_changeable(pool, given)
        require_fitting(pool.get("SchemaAttributes", []), given)
        new = given | {
            f"{name}_verified": given.get(f"{name}_verified", "false")
            for name in aliases.changed(user, given)
        }
        aliases.require_settable(pool_id, user.attributes | new, new, user)
        self._set(pool, user, new)
        aliases.release(pool_id, user)
        return {}

    def _set(
        self, pool: dict[str, Any], user: User, new: dict[str, str]
    ) -> list[dict[str, str]]:
        """Set attributes, and return where the codes for new addresses went.

        An address that the pool has verified first is set when its code comes back.
        """
        verified = pool.get("AutoVerifiedAttributes") or []
        settings = pool.get("UserAttributeUpdateSettings") or {}
        late = settings.get("AttributesRequireVerificationBeforeUpdate") or []
        sent = []
        for name in aliases.changed(user, new):
            if name not in verified or new[f"{name}_verified"] == "true":
                continue
            if name in late:
                address = new.pop(name)
                del new[f"{name}_verified"]
                sent.append(self._codes.send(user, codes.VERIFY[name], name, address))
            else:
                user.set_attributes({name: new[name]})
                sent.append(self._codes.send(user, codes.VERIFY[name], name))
        user.set_attributes(new)
        return sent

    def _delete_attributes(self, request: Request) -> Answer:
        user, client = self._user(request)
        names = request["UserAttributeNames"]
        check_writable(client, names)
        _delete(user, names)
        return {}

    def _admin_delete_attributes(self, request: Request) -> Answer:
        user, names = user_of_pool(request), request["UserAttributeNames"]
        check_changeable(directory.pool_settings(request["UserPoolId"]), names)
        _delete(user, names)
        return {}

    def _send_verification(self, request: Request) -> Answer:
        user, _ = self._user(request)
        name = required(request, "AttributeName")
        if name not in codes.ADDRESSES or name not in user.attributes:
            message = f"User does not have a registered {name}"
            raise AwsFault("InvalidParameterException", message)
        return {"CodeDeliveryDetails": self._codes.send(user, codes.VERIFY[name], name)}

    def _verify_attribute(self, request: Request) -> Answer:
        user, client = self._user(request)
        name = required(request, "AttributeName")
        if name not in codes.ADDRESSES:
            raise AwsFault("InvalidParameterException", f"{name} is not verified")
        code = self._codes.match(user, codes.VERIFY[name], required(request, "Code"))
        new = {name: code.address, f"{name}_verified": "true"}
        aliases.require_free(client.pool_id, user.attributes | new, new, user)
        self._codes.spend(user, codes.VERIFY[name])
        user.set_attributes(new)
        return {}

    def _delete_user(self, request: Request) -> Answer:
        user, client = self._user(request)
        directory.delete_user(client.pool_id, user.username)
        return {}

    def _associate(self, request: Request) -> Answer:
        if "AccessToken" in request:
            user, _ = self._user(request)
            return {"SecretCode": codes.associate(user)}
        user, session = self._at_set_up(request)
        return {"SecretCode": codes.associate(user), "Session": session}

    def _verify_token(self, request: Request) -> Answer:
        code = required(request, "UserCode")
        if "AccessToken" in request:
            user, _ = self._user(request)
            codes.verify(user, code)
            return {"Status": "SUCCESS"}
        user, session = self._at_set_up(request, lambda user: codes.verify(user, code))
        return {"Status": "SUCCESS", "Session": session}

    def _at_set_up(
        self, request: Request, check: Callable[[User], None] = lambda _: None
    ) -> tuple[User, str]:
        """Return who sets MFA up while signing in, and the session that follows."""
        session = required(request, "Session")
        pending = self._challenges.peek(session)
        client = pending and directory.find_client(pending.client_id)
        if not pending or not client or pending.challenge != "MFA_SETUP":
            message = "Invalid session for the user."
            raise AwsFault("NotAuthorizedException", message)
        self._challenges.find(client, "MFA_SETUP", session)
        who = pending.subject
        user = signed_in_user(client.pool_id, who.username, str(who.stamp))
        check(user)
        self._challenges.spend(session)
        following = self._challenges.ask(client, who, "MFA_SETUP", {})
        return user, following.session

    def _set_preference(self, request: Request) -> Answer:
        user, _ = self._user(request)
        _prefer(user, request)
        return {}

    def _admin_set_preference(self, request: Request) -> Answer:
        _prefer(user_of_pool(request), request)
        return {}


def _delete(user: User, names: list[str]) -> None:
    """Delete attributes; an address does not leave behind that it was verified."""
    gone = [f"{name}_verified" for name in codes.ADDRESSES if name in names]
    user.delete_attributes([*names, *gone])


def _prefer(user: User, request: Request) -> None:
    settings = {
        factor: request[name]
        for name, factor in _PREFERENCES.items()
        if name in request
    }
    for factor, setting in settings.items():
        if setting.get("Enabled"):
            _require_set_up(user, factor)
    own = user.mfa
    for factor, setting in settings.items():
        own.enabled = [each for each in own.enabled if each != factor]
        own.enabled += [factor] if setting.get("Enabled") else []
        if setting.get("PreferredMfa"):
            own.preferred = factor
        elif own.preferred == factor:
            own.preferred = None


def _require_set_up(user: User, factor: str) -> None:
    if factor == codes.SOFTWARE_TOKEN:
        is_set_up, what = user.mfa.has_verified_totp, "verified software token mfa"
    else:
        attribute = codes.BY_MESSAGE[factor]
        is_set_up, what = attribute in user.attributes, f"set up a {attribute}"
    if not is_set_up:
        message = f"User has not {what}"
        raise AwsFault("InvalidParameterException", message)
