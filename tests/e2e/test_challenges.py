"""Every challenge, answered by option, by environment, and at a terminal's prompt.

The pools are created without cgw, so `cgw token` knows only their IDs.
"""

from __future__ import annotations

import json
import re
import stat
import sys
import uuid

import pexpect
import pytest
from account import Account
from commandline import QuickTerminal
from people import OTHER, PASSWORD, SIGN_IN_BY_MAIL, USER, App, People, UserPool

from cognito_gw.local import process
from cognito_gw.oauth.tokens import claims_of

SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}
MAIL = {"Message": "Code {####}", "Subject": "Code"}
PHONE = "+15555550123"


@pytest.fixture(scope="module")
def make_pool(server):
    """Return a function that creates pools whose users sign in by email address."""
    client = Account.of(server, "eu-west-1").cognito_idp

    def make(**settings):
        return UserPool(
            client, f"t{uuid.uuid4().hex[:8]}", **SIGN_IN_BY_MAIL, **settings
        )

    return make


@pytest.fixture
def people(make_pool):
    """A pool with one confirmed user."""
    return People(make_pool()).confirmed()


@pytest.fixture
def mailed(home):
    """Return the last code that AWS would have sent to an address."""

    def code(address):
        log = process.running(home / "state" / "cognito-gw").log.read_text("utf-8")
        return re.findall(rf"to {re.escape(address)}: .*: (\d{{6}})", log)[-1]

    return code


def ids(people):
    """The options for a pool and its app client."""
    return ["--user-pool-id", people.pool.id, "--client-id", people.id, "--user", USER]


@pytest.fixture
def token(cgw, environment):
    """Run `cgw token` on a pool, with the password available."""
    environment.setenv("CGW_PASSWORD", PASSWORD)

    def run(people, *options, code=0):
        return cgw("token", *ids(people), *options, code=code)

    return run


class Typist:
    """A user at a terminal, answering prompts."""

    def __init__(self, people, shell, *options):
        arguments = ["-m", "cognito_gw", "--local", "token", *ids(people), *options]
        self.child = pexpect.spawn(
            sys.executable,
            arguments,
            cwd=shell.folder,
            env=shell.environment | {"TERM": "xterm"},
            encoding="utf-8",
            dimensions=(60, 200),
            timeout=60,
        )
        self.child.delaybeforesend = None

    def types(self, question, answer):
        """Wait for a prompt and answer it; return the output before it."""
        self.child.expect(question)
        self.child.sendline(answer)
        return self.child.before

    def ends(self):
        """Return the remaining output and the exit code."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.before, self.child.exitstatus


@pytest.fixture
def typist(shell):
    """Return a function that starts a terminal session."""
    made = []

    def make(people, *options):
        made.append(Typist(people, shell, *options))
        return made[-1]

    yield make
    for each in made:
        each.child.close(force=True)


def access_token(text):
    """The last token in a text."""
    return re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", text)[-1]


@pytest.mark.parametrize(
    ("flow", "has_secret"),
    [
        ("auto", False),
        pytest.param("srp", True, marks=pytest.mark.nightly),
        pytest.param("password", True, marks=pytest.mark.nightly),
        ("choice", True),
    ],
)
def test_a_password_signs_in_by_every_flow(token, make_pool, flow, has_secret):
    """Also with a client secret, which AWS returns to permitted callers."""
    people = People(make_pool(), GenerateSecret=has_secret).confirmed()
    factor = ["--factor", "PASSWORD_SRP"] if flow == "choice" else []
    outcome = token(people, "--flow", flow, *factor, "-o", "json")
    assert claims_of(outcome.document["id_token"])["email"] == USER
    assert outcome.document.keys() == {
        "id_token",
        "access_token",
        "refresh_token",
        "token_type",
        "expires_in",
    }
    assert outcome.err == ""


def test_a_wrong_password_signs_in_by_no_flow(token, people, environment):
    """Exit 1, with Cognito's message."""
    environment.setenv("CGW_PASSWORD", "Wrong-1234")
    for flow in ("srp", "password", "choice"):
        refused = token(people, "--flow", flow, "--factor", "PASSWORD", code=1)
        assert "Incorrect username or password" in refused.err
        assert "Wrong-1234" not in refused.err


def test_without_a_password_and_a_terminal_it_says_what_is_missing(cgw, people):
    """Exit 3; the error names the variable to set."""
    refused = cgw("token", *ids(people), code=3)
    assert f"no password for {USER} is given" in refused.err
    assert "CGW_PASSWORD" in refused.err


def required_name(make_pool):
    """A pool that requires the attribute name, and a user without it."""
    schema = [{"Name": "name", "Required": True, "Mutable": True}]
    pool = make_pool(Schema=schema)
    pool.user(USER, TemporaryPassword=PASSWORD)
    return People(pool)


def test_a_new_password_comes_from_the_environment(token, make_pool, environment):
    """Options provide the other attributes that the pool requires."""
    people = required_name(make_pool)
    environment.setenv("CGW_NEW_PASSWORD", OTHER)
    refused = token(people, code=3)
    assert "the attribute name of alice@example.com" in refused.err
    assert "--attribute name=" in refused.err
    given = token(people, "--attribute", "name=Alice", "-o", "json").document
    assert claims_of(given["id_token"])["name"] == "Alice"
    assert people.tokens(password=OTHER)


def test_a_new_password_is_typed_twice_and_may_be_corrected(typist, make_pool):
    """Cognito's message says what a weak password lacks."""
    person = typist(required_name(make_pool), "--id")
    person.types("Password of alice@example.com: ", PASSWORD)
    person.types("requires a new password for .*: ", "weak")
    person.types("Repeat for confirmation: ", "weak")
    person.types("name of alice@example.com: ", "Alice")
    said = person.types("requires a new password for .*: ", OTHER)
    assert "Password not long enough" in said
    person.types("Repeat for confirmation: ", OTHER)
    person.types("name of alice@example.com: ", "Alice")
    text, code = person.ends()
    assert code == 0
    assert not [password for password in (PASSWORD, OTHER) if password in said + text]
    assert claims_of(access_token(text))["name"] == "Alice"


class TestAuthenticatorApp:
    """SOFTWARE_TOKEN_MFA and MFA_SETUP."""

    @pytest.fixture
    def app(self, people):
        """The app of a user that has to enter a code."""
        people.require_mfa("OPTIONAL")
        return people.with_totp()

    def test_a_code_is_given_by_option(self, token, people, app):
        refused = token(people, code=3)
        assert "a code from the authenticator app of alice" in refused.err
        assert "--code" in refused.err
        assert "--totp-secret" in refused.err
        wrong = token(people, "--code", "000000", code=1)
        assert "CodeMismatchException" in wrong.err
        assert "000000" not in wrong.err
        assert token(people, "--code", app.next_code(), "--id").out

    def test_a_code_is_given_by_environment(self, token, people, app, environment):
        environment.setenv("CGW_MFA_CODE", app.next_code())
        assert token(people, "--id").out

    @pytest.mark.nightly  # like the prompts of test_an_app_is_set_up_at_the_prompt
    def test_a_wrong_code_is_corrected_at_the_prompt(self, typist, people, app):
        person = typist(people, "--access")
        person.types("Password of .*: ", PASSWORD)
        person.types("Code from your authenticator app: ", "000000")
        said = person.types("Code from your authenticator app: ", app.next_code())
        assert "Code mismatch" in said or "nvalid code" in said
        assert person.ends()[1] == 0

    def test_an_app_is_set_up_at_the_prompt(self, typist, people):
        people.require_mfa("ON")
        person = typist(people, "--access")
        person.types("Password of .*: ", PASSWORD)
        person.child.expect(r"secret: (\w+)\r\n")
        assert "▀" in person.child.before  # the QR code
        code = App(person.child.match[1]).code()
        person.types("Code that the app shows: ", "000000")
        person.types("Code that the app shows: ", code)
        text, status = person.ends()
        assert status == 0
        assert claims_of(access_token(text))["username"]
        assert people.sign_in()["ChallengeName"] == "SOFTWARE_TOKEN_MFA"

    def test_without_a_terminal_a_file_keeps_the_secret(self, token, people, cgw):
        people.require_mfa("ON")
        refused = token(people, code=3)
        assert "set up an authenticator app" in refused.err
        assert "--totp-secret" in refused.err
        file = cgw.folder / "secret"
        made = token(people, "--totp-secret", "secret", "--id", "-v")
        assert made.out
        assert file.read_text().strip() not in made.out + made.err
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        token(people, "--forget")
        app = App(file.read_text().strip())
        assert token(people, "--code", app.next_code(), "--id").out

    def test_codes_are_computed_from_the_secret(
        self, token, people, app, cgw, environment
    ):
        file = cgw.folder / "secret"
        environment.setenv("CGW_TOTP_SECRET_FILE", "secret")
        assert "secret cannot be" in token(people, code=2).err
        file.write_text("not base 32!")
        assert "secret is not the secret" in token(people, code=2).err
        file.write_text(f"{app.secret}\n")
        assert token(people, "--id").out

    def test_the_secret_of_another_app_is_not_overwritten(self, token, people, cgw):
        people.require_mfa("ON")
        file = cgw.folder / "secret"
        file.write_text("JBSWY3DPEHPK3PXP")
        refused = token(people, "--totp-secret", "secret", code=2)
        assert "already exists" in refused.err
        assert file.read_text() == "JBSWY3DPEHPK3PXP"


class TestSentCodes:
    """EMAIL_OTP, SMS_MFA, SMS_OTP: codes known only once they are sent."""

    def by_mail(self, people):
        people.require_mfa("OPTIONAL", EmailMfaConfiguration=MAIL)
        people.pool.call(
            "admin_set_user_mfa_preference",
            Username=USER,
            EmailMfaSettings={"Enabled": True, "PreferredMfa": True},
        )
        return people

    def by_text(self, pool):
        people = People(pool).confirmed(phone_number=PHONE)
        people.require_mfa("OPTIONAL", SmsMfaConfiguration={"SmsConfiguration": SMS})
        people.pool.call(
            "admin_set_user_mfa_preference",
            Username=USER,
            SMSMfaSettings={"Enabled": True, "PreferredMfa": True},
        )
        return people

    def by_both(self, people):
        people.require_mfa("OPTIONAL", SmsMfaConfiguration={"SmsConfiguration": SMS})
        app = people.with_totp()
        people.pool.call(
            "admin_set_user_mfa_preference",
            Username=USER,
            SMSMfaSettings={"Enabled": True},
            SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": False},
        )
        return app

    def test_the_next_run_continues_with_the_code(self, token, people, mailed):
        self.by_mail(people)
        refused = token(people, code=3)
        assert f"the code of {USER} from the email that Cognito sent to a***@e***" in (
            refused.err
        )
        assert "`--code CODE`" in refused.err
        sent = mailed(USER)
        wrong = token(people, "--code", "x", code=1)
        assert "CodeMismatchException" in wrong.err
        assert token(people, "--code", sent, "--id").out
        assert mailed(USER) == sent  # no other code was sent meanwhile

    def test_a_code_without_a_waiting_challenge_starts_a_sign_in(
        self, token, people, mailed
    ):
        self.by_mail(people)
        token(people, "--code", "x", code=1)
        assert token(people, "--code", mailed(USER), "--id").out

    @pytest.mark.nightly  # like test_one_chooses_the_second_factor, by text message
    def test_a_sent_code_is_typed(self, typist, people, mailed):
        person = typist(self.by_mail(people), "--access")
        person.types("Password of .*: ", PASSWORD)
        person.child.expect(
            r"Code from the email that Cognito sent to a\*\*\*@e\*\*\*: "
        )
        person.child.sendline(mailed(USER))
        assert person.ends()[1] == 0

    @pytest.mark.nightly  # like test_one_chooses_the_second_factor
    def test_a_code_by_text_message(self, token, make_pool, mailed):
        people = self.by_text(make_pool())
        assert "the text message that Cognito sent to" in token(people, code=3).err
        assert token(people, "--code", mailed(PHONE), "--id").out

    def test_one_chooses_the_second_factor(self, token, make_pool, mailed, typist):
        people = People(make_pool()).confirmed(phone_number=PHONE)
        app = self.by_both(people)
        refused = token(people, code=3)
        assert "can sign in by SOFTWARE_TOKEN_MFA, SMS_MFA" in refused.err
        assert "--factor" in refused.err
        other = token(people, "--factor", "EMAIL_OTP", code=2)
        assert "cannot sign in by EMAIL_OTP" in other.err
        token(people, "--factor", "SMS_MFA", code=3)
        assert token(people, "--code", mailed(PHONE), "--id").out
        token(people, "--forget")
        factor = ["--factor", "SOFTWARE_TOKEN_MFA"]
        assert token(people, *factor, "--code", app.next_code(), "--id").out
        token(people, "--forget")
        person = typist(people, "--access")
        person.types("Password of .*: ", PASSWORD)
        person.types("Sign in by: ", "SMS_MFA")
        person.child.expect("Code from the text message .*: ")
        person.child.sendline(mailed(PHONE))
        assert person.ends()[1] == 0

    @pytest.mark.parametrize(
        "address", [USER, pytest.param(PHONE, marks=pytest.mark.nightly)]
    )
    def test_a_code_in_the_place_of_a_password(self, cgw, make_pool, mailed, address):
        factor = "EMAIL_OTP" if address == USER else "SMS_OTP"
        policy = {"AllowedFirstAuthFactors": ["PASSWORD", factor]}
        pool = make_pool(Policies={"SignInPolicy": policy})
        flows = ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        people = People(pool, ExplicitAuthFlows=flows)
        people.confirmed(phone_number=PHONE, phone_number_verified="true")
        refused = cgw("token", *ids(people), code=3)  # auto: the only allowed flow
        assert f"PASSWORD, PASSWORD_SRP, {factor}" in refused.err
        cgw("token", *ids(people), "--factor", factor, code=3)
        given = cgw("token", *ids(people), "--code", mailed(address), "-o", "json")
        assert claims_of(given.document["id_token"])["email"] == USER


@pytest.mark.parametrize(("is_rotated", "has_secret"), [(False, False), (True, True)])
def test_tokens_are_refreshed(token, make_pool, home, is_rotated, has_secret):
    """Also with rotation; cgw keeps each new refresh token."""
    flows = ["ALLOW_USER_SRP_AUTH"] + ["ALLOW_REFRESH_TOKEN_AUTH"] * (not is_rotated)
    settings = {"ExplicitAuthFlows": flows, "GenerateSecret": has_secret}
    if is_rotated:
        settings["RefreshTokenRotation"] = {"Feature": "ENABLED"}
    people = People(make_pool(), **settings).confirmed()
    first = token(people, "-o", "json").document
    state = home / "state" / "cognito-gw" / "tokens"
    (file,) = (state / f"pool-{people.pool.id.partition('_')[2]}").iterdir()
    for _ in range(2):
        content = json.loads(file.read_text())
        content["tokens"]["expires_at"] = 0
        file.write_text(json.dumps(content))
        outcome = token(people, "-o", "json", "-v")
        assert "RespondToAuthChallenge" not in outcome.calls
        second = outcome.document
        assert second["access_token"] != first["access_token"]
        assert (second["refresh_token"] != first["refresh_token"]) is is_rotated
        first = second


def test_a_pool_made_elsewhere_is_named_in_the_file(cgw, people, environment):
    """With its app client; otherwise the error names the missing setting."""
    environment.setenv("CGW_PASSWORD", PASSWORD)
    pool = f"{{id: {people.pool.id}}}"
    text = f"name: elsewhere\nregion: eu-west-1\nuser_pool: {pool}\n"
    cgw.write(text)
    refused = cgw("token", "--user", USER, code=2)
    assert "the app client `web` has no `id`" in refused.err
    cgw.write(f"{text}app_clients: {{web: {{id: {people.id}}}}}\n")
    given = cgw("token", "--user", USER, "-o", "json").document
    assert claims_of(given["access_token"])["client_id"] == people.id


def test_an_issuer_with_more_than_an_issuer_depends_on_is_a_usage_error(cgw, people):
    """An issuer has a region and a user pool, but no API."""
    cgw.write(
        f"name: elsewhere\nuser_pool: {{id: {people.pool.id}}}\n"
        f"app_clients: {{web: {{id: {people.id}}}}}\n"
        "endpoints: {issuer: 'http://127.0.0.1:1/{api_id}/{stage}/{user_pool_id}'}\n"
    )
    refused = cgw("token", "--flow", "browser", "--no-browser", code=2)
    assert "endpoints.issuer: it may hold {user_pool_id}, {region}" in refused.err


class TestWithoutCredentials:
    """Signing in needs no AWS account: the IDs of the pool and client suffice."""

    @pytest.fixture
    def token(self, cgw, local, environment):
        """Run `cgw token` with AWS's own variables naming the endpoint."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.delenv(name)
        environment.setenv("AWS_ENDPOINT_URL", local)
        environment.setenv("CGW_PASSWORD", PASSWORD)
        terminal = QuickTerminal(cgw.folder)

        def run(people, *options, code=0):
            return terminal("token", *ids(people), *options, code=code)

        return run

    def test_a_password_signs_in(self, token, people):
        outcome = token(people, "-o", "json", "-v")
        assert claims_of(outcome.document["id_token"])["email"] == USER
        assert "the app client's settings are not known" in outcome.err
        assert "signing in by the flow srp" in outcome.err

    def test_a_secret_comes_from_the_environment(self, token, make_pool, environment):
        people = People(make_pool(), GenerateSecret=True).confirmed()
        assert "CGW_CLIENT_SECRET" in token(people, code=1).err
        environment.setenv("CGW_CLIENT_SECRET", people.client["ClientSecret"])
        assert token(people, "--id").out
        environment.setenv("CGW_CLIENT_SECRET", "another")
        wrong = token(people, "--access", "--flow", "password", code=1)
        assert "is CGW_CLIENT_SECRET the secret of this app client?" in wrong.err

    def test_a_token_is_verified(self, token, people):
        decoded = token(people, "--decode", "-o", "json").document
        assert decoded["id_token"]["valid"]
        assert decoded["id_token"]["good_for"] is None

    def test_unknown_ids_are_named(self, token, people):
        people.id = "0" * 26
        refused = token(people, code=1)
        assert f"User pool client {people.id} does not exist" in refused.err

    def test_no_domain_is_said(self, token, people):
        refused = token(people, "--flow", "browser", "--no-browser", code=3)
        assert "the user pool has no domain" in refused.err
