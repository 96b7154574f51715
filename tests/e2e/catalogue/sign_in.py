"""A failed sign-in, because of the user's state, the app client, or the app."""

from __future__ import annotations

from urllib.parse import urlencode

from commandline import PASSWORD
from e2e.catalogue.case import Case
from people import App

CALLBACK = "http://localhost:8765/callback"
ADMIN_ONLY = "AllowAdminCreateUserOnly"
NO_SECRET_HASH = (
    "NotAuthorizedException: Client {site.outputs[app_clients][confidential]} is "
    "configured with secret but SECRET_HASH was not received"
)


def disabled(site):
    """Disable a user."""
    site.cognito.admin_disable_user(**site.person())


def unconfirmed(site):
    """Sign a user up, and leave the account unconfirmed."""
    site.set_pool(AdminCreateUserConfig={ADMIN_ONLY: False})
    site.cognito.sign_up(ClientId=site.client, **site.named())
    site.callback(site.cognito.admin_delete_user, **site.pool, Username=site.user)


def reset(site):
    """Reset a password as an administrator."""
    site.cognito.admin_reset_user_password(**site.person())


def first_password(site):
    """Create a user with a temporary password."""
    site.person(temporary=True)


def with_app(site):
    """Create a user that must enter a code."""
    change, software = site.cognito.set_user_pool_mfa_config, {"Enabled": True}
    mfa = {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": software}
    change(**site.pool, **mfa)
    site.callback(change, **site.pool, MfaConfiguration="OFF")
    person = site.person()
    access = {"AccessToken": site.token("--user", site.user, "--access")}
    secret = site.cognito.associate_software_token(**access)["SecretCode"]
    site.cognito.verify_software_token(**access, UserCode=App(secret).code())
    site.cognito.admin_set_user_mfa_preference(
        **person, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    site.sign_out()


def wrong_password(site):
    """Provide a password that is not the user's."""
    site.person()
    site.environment.setenv("CGW_PASSWORD", f"Not-{PASSWORD}")


def no_password_flow(site):
    """Remove the app client's flows that send a password."""
    site.sign_out()
    flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    site.set_client(ExplicitAuthFlows=flows)


def other_callback(site):
    """Register a callback URL that differs from the file's."""
    site.sign_out()
    site.set_client(CallbackURLs=["https://elsewhere.example.com/callback"])


def no_domain(site):
    """Delete the domain of the sign-in pages."""
    site.sign_out()
    prefix = site.outputs["hosted_ui_url"].rpartition("/")[2]
    key = site.pool | {"Domain": prefix}
    site.cognito.delete_user_pool_domain(**key)
    site.callback(site.cognito.create_user_pool_domain, **key, ManagedLoginVersion=1)


def no_client(site):
    """Delete the app client."""
    site.sign_out()
    site.callback(site.rebuild)
    site.cognito.delete_user_pool_client(**site.pool, ClientId=site.client)


def link(page="oauth2/authorize", client="web", **changes):
    """Return a link to a hosted UI page, as an app would build it."""
    asked = {"response_type": "code", "redirect_uri": CALLBACK} | changes
    client_id = f"client_id={{site.outputs[app_clients][{client}]}}"
    return f"{{site.outputs[hosted_ui_url]}}/{page}?{client_id}&{urlencode(asked)}"


# A user's state: the cause, and how it arises.
PEOPLE = {
    "a disabled user": ("user-disabled", disabled),
    "an unconfirmed user": ("user-unconfirmed", unconfirmed),
    "a password that was reset": ("password-reset-required", reset),
    "a user with an authenticator app": ("mfa-required", with_app),
    "a password for once": ("new-password-required", first_password),
    "a wrong password": ("wrong-password", wrong_password),
}
# Addresses that differ slightly from the registered one.
CALLBACKS = {
    "another host": "https://other.example.com/callback",
    "another port": "http://localhost:8766/callback",
    "a slash more": f"{CALLBACK}/",
    "a number for a name": "http://127.0.0.1:8765/callback",
    "another scheme": "https://localhost:8765/callback",
}

CASES = [
    *(
        Case(name, code, "--user {site.user}", breaks=breaks)
        for name, (code, breaks) in PEOPLE.items()
    ),
    Case(
        "a call for a disabled user",
        "user-disabled",
        "/transactions --user {site.user}",
        breaks=disabled,
    ),
    Case(
        "no flow that sends a password",
        "flow-not-enabled",
        "--flow password",
        breaks=no_password_flow,
    ),
    Case("no implicit flow", "flow-not-enabled", link(response_type="token")),
    *(
        Case(f"callback: {name}", "callback-mismatch", link(redirect_uri=url))
        for name, url in CALLBACKS.items()
    ),
    Case(
        "callback at the sign-in page",
        "callback-mismatch",
        link("login", redirect_uri="http://localhost:8766/callback"),
    ),
    Case(
        "the page that says redirect_mismatch",
        "callback-mismatch",
        "{site.outputs[hosted_ui_url]}/error?error=redirect_mismatch"
        "&client_id={site.client}",
    ),
    Case("told redirect_mismatch", "callback-mismatch", "--error redirect_mismatch"),
    Case(
        "another callback is registered", "callback-mismatch", "", breaks=other_callback
    ),
    Case(
        "told of a secret hash",
        "client-secret-required",
        "--client confidential",
        more=("--error", NO_SECRET_HASH),
        where="stack",
    ),
    Case(
        "told invalid_client",
        "client-secret-required",
        "--client confidential --error invalid_client",
        where="stack",
    ),
    Case("no domain", "domain-missing", "", breaks=no_domain),
    Case("no app client", "client-missing", "", breaks=no_client),
]
