"""Requests without a token, or with one that the authorizer rejects."""

from __future__ import annotations

import base64
import json
from functools import partial

import jwt
from commandline import PASSWORD
from cryptography.hazmat.primitives.asymmetric import rsa
from e2e.catalogue.case import Case

from cognito_gw.oauth.probes import forgeries
from cognito_gw.oauth.tokens import claims_of, header_of

READ, WRITE = "/transactions", "/transactions -X POST"
AWS_ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123"


def good(form, site):
    """A valid ID token in another form."""
    return form.format(site.token("--id"))


def forged(kind, site):
    """A valid ID token with other content, as anyone without the key can make it."""
    return forgeries(site.token("--id"))[kind]


def unknown_key(site):
    """A token that claims to be signed with a key that its pool does not have."""
    token = site.token("--id")
    header = json.dumps(header_of(token) | {"kid": "bm9ib2R5J3Mga2V5"}).encode()
    spelled = base64.urlsafe_b64encode(header).decode().rstrip("=")
    return f"{spelled}.{token.partition('.')[2]}"


def of_aws(site):
    """A token that claims to come from a user pool of AWS itself."""
    claims = claims_of(site.token("--id")) | {"iss": AWS_ISSUER}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    headers = {"kid": "YSBrZXkgb2YgQVdT", "typ": None}
    return jwt.encode(claims, key, algorithm="RS256", headers=headers)


def of_other_pool(site):
    """A valid ID token of another pool in the same account."""
    pool_id, _ = site.other_pool()
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = site.cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="web", ExplicitAuthFlows=flows
    )["UserPoolClient"]
    bob = {"UserPoolId": pool_id, "Username": "bob"}
    site.cognito.admin_create_user(**bob, MessageAction="SUPPRESS")
    site.cognito.admin_set_user_password(**bob, Password=PASSWORD, Permanent=True)
    answer = site.cognito.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client["ClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "bob", "PASSWORD": PASSWORD},
    )
    return answer["AuthenticationResult"]["IdToken"]


def for_reading(site):
    """A machine's access token with only the scope that does not allow changes."""
    machine = ("--client", "machine", "--scope", "transactions/read")
    return site.token(*machine, "--access")


# The token sent to GET /transactions: whose it is, and what is wrong with it.
SENT = {
    "garbage": ("malformed-token", lambda _: "garbage"),
    "a refresh token": ("malformed-token", lambda site: site.token("--refresh")),
    "something after it": ("malformed-token", partial(good, "Bearer {} more")),
    "cut off": ("malformed-token", lambda site: site.token("--id").rpartition(".")[0]),
    "changed claims": ("bad-signature", partial(forged, "tampered payload")),
    "alg none": ("bad-signature", partial(forged, "alg none")),
    "an unknown key": ("bad-signature", unknown_key),
    "a pool that is not there": ("wrong-pool", partial(forged, "foreign pool")),
    "a pool of AWS": ("wrong-pool", of_aws),
    "another pool": ("wrong-pool", of_other_pool),
}

CASES = [
    Case("no token", "no-token", f"{READ} --token none", 401),
    Case(
        "an empty header",
        "no-token",
        f"{READ} --token none",
        401,
        more=("-H", "Authorization: "),
    ),
    Case(
        "no token at a whole URL",
        "no-token",
        "{site.outputs[invoke_url]}/transactions --token none",
        401,
    ),
    *(
        Case(f"token: {name}", code, READ, 401, token=token)
        for name, (code, token) in SENT.items()
    ),
    Case(
        "an access token where no scope is asked for",
        "access-token-without-scopes",
        f"{READ} --token access",
        401,
    ),
    Case(
        "an ID token where a scope is asked for",
        "id-token-with-scopes",
        f"{WRITE} --token id",
        401,
    ),
    Case(
        "a password gives no custom scope",
        "insufficient-scope",
        f"{WRITE} --flow password --token access",
        401,
    ),
    Case(
        "a machine that may only read",
        "insufficient-scope",
        WRITE,
        401,
        token=for_reading,
        where="stack",
    ),
    Case(
        "a token in a header of its own",
        "wrong-header",
        f"{READ} --token none",
        401,
        more=("-H", "X-Token: {site.id_token}"),
    ),
]
