"""`cgw env`: the settings that a front end needs, named as its framework requires."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cognito_gw.app.exported_api import find_clients, main_client
from cognito_gw.app.stack_state import outputs
from cognito_gw.errors import Missing

if TYPE_CHECKING:
    from cognito_gw.app.context import Context

# Vite and Next.js show the browser only variables with their prefix (vite.dev, "Env
# Variables and Modes"; nextjs.org, "Environment Variables").
PREFIXES = {"vite": "VITE_", "next": "NEXT_PUBLIC_", "amplify": "AMPLIFY_", "plain": ""}
# Amplify Hosting, "Amplify environment variables": an imported user pool.
_AMPLIFY = {"USER_POOL_ID": "USERPOOL_ID", "USER_POOL_CLIENT_ID": "WEBCLIENT_ID"}
_BARE = re.compile(r"[\w:/.,@%+~=?&-]*")


def variables(
    context: Context, framework: str, client: str | None = None
) -> dict[str, str]:
    """Return the settings by the framework's names; without what does not exist.

    The app client is the named one, or the first without a secret. Raises Missing
    before `up`.
    """
    find_clients(context)
    values, found = outputs(context), main_client(context, client)
    if found is None or values["invoke_url"] is None:
        raise Missing(
            "the app client or the API does not exist yet", hint="run `cgw up` first"
        )
    if found.has_secret:
        context.ui.warn(
            f"the app client `{found.key}` has a secret, which a front end cannot keep"
        )
    settings = {
        "AWS_REGION": values["region"],
        "USER_POOL_ID": values["user_pool_id"],
        "USER_POOL_CLIENT_ID": found.client_id,
        "ISSUER": values["issuer"],
        "COGNITO_DOMAIN": (values["hosted_ui_url"] or "").removeprefix("https://"),
        "REDIRECT_SIGN_IN": ",".join(found.redirects),
        "REDIRECT_SIGN_OUT": ",".join(found.sign_outs),
        "OAUTH_SCOPES": " ".join(found.scopes),
        "API_URL": values["invoke_url"],
    }
    names = _AMPLIFY if framework == "amplify" else {}
    prefix = PREFIXES[framework]
    named = {
        f"{prefix}{names.get(name, name)}": value for name, value in settings.items()
    }
    if framework == "next":  # for its server: authjs.dev, "Cognito"
        named |= {
            "AUTH_COGNITO_ID": found.client_id,
            "AUTH_COGNITO_ISSUER": values["issuer"],
        }
    return {name: value for name, value in named.items() if value}


def lines(values: dict[str, str]) -> list[str]:
    """Return lines of an .env file; values with other characters are in quotes."""
    return [
        f"{name}={value}" if _BARE.fullmatch(value) else f"{name}='{value}'"
        for name, value in values.items()
    ]
