"""One call of a deployed API, and the facts that rules read about it."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.errors import absent_is_none
from cognito_gw.diagnosis.api import (
    Authorizer,
    Method,
    Version,
    drafted,
    exported,
    pool_of,
    read_draft,
    read_export,
    read_stages,
)
from cognito_gw.diagnosis.exchange import Answer, FunctionLog, Sent, is_asked_for
from cognito_gw.diagnosis.rule import Facts, NotInQuestion, Unread, fact, or_default
from cognito_gw.gateway_rules import COGNITO, OPEN, STAGE_VARIABLE, with_stage_variables
from cognito_gw.oauth.request import send
from cognito_gw.oauth.tokens import claims_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cognito_gw.aws.clients import Aws
    from cognito_gw.diagnosis.exchange import Pools, Target
    from cognito_gw.oauth.tokens import Flaw

_NO_ROUTE = ("MissingAuthenticationTokenException", "IncompleteSignatureException")
_OWN = (
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.GATEWAY_TIMEOUT,
)

_UNKNOWN = Method("", "", COGNITO)  # in place of one that cannot be read


def has_stray_characters(token: str) -> bool:
    """Return whether a token contains white space or quotation marks."""
    return bool(set(token) & set(" \t\"'"))


class CallCase(Facts):
    """The facts about one call; `answer` is None for a call that was not sent."""

    def __init__(
        self, aws: Aws, pools: Pools, target: Target, sent: Sent, answer: Answer | None
    ) -> None:
        """Read from `aws`, and keys from the `pools`."""
        super().__init__()
        self.aws = aws
        self.target = target
        self.sent = sent
        self.answer = answer
        self._pools = pools

    @property
    def is_ours(self) -> bool:
        """Whether cgw made the API."""
        return self.target.is_ours

    @property
    def place(self) -> Mapping[str, str]:
        """The names that a fix can use."""
        method = self._known_method
        return {
            "api_id": self.target.api_id,
            "stage": self.target.stage,
            "path": self.sent.bare_path,
            "header": self.header,
            "origin": self.origin or "https://app.example.com",
            "scope": next(iter(method.scopes if method else ()), ""),
            "function": (method and method.function) or "",
            "source": self._source,
        }

    def is_behind(self, statuses: Sequence[int]) -> bool:
        """Return whether API Gateway itself responded with one of these statuses."""
        if self.answer is None or not statuses:
            return True
        return self.answer.meaning in statuses and self._is_gateways(self.answer)

    @property
    def got_in(self) -> bool:
        """Whether API Gateway accepted the call, or would as far as is known."""
        answer = self.answer
        is_answered = answer is None or answer.status < HTTPStatus.BAD_REQUEST
        return is_answered or bool(answer and answer.is_functions)

    @property
    def has_no_route(self) -> bool:
        """Whether API Gateway found no route: it then asks for a SigV4 signature."""
        return self.answer is not None and self.answer.error_type in _NO_ROUTE

    @property
    def is_functions_own(self) -> bool:
        """Whether the response is the function's own."""
        return self.answer is not None and not self._is_gateways(self.answer)

    def failed_with(self, status: int) -> bool:
        """Return whether API Gateway itself responded with this status."""
        answer = self.answer
        is_gateways = answer is not None and not answer.is_functions
        return bool(answer and is_gateways and answer.meaning == status)

    @staticmethod
    def _is_gateways(answer: Answer) -> bool:
        is_failure = answer.status >= HTTPStatus.BAD_REQUEST
        return not is_failure or bool(answer.error_type) or answer.status in _OWN

    # What the stage serves, and the draft.

    @fact
    def stages(self) -> dict[str, dict[str, Any]] | None:
        """The API's stages."""
        return read_stages(self.aws, self.target.api_id)

    @fact
    def served(self) -> Version | None:
        """What the stage serves."""
        text = read_export(self.aws, self.target.api_id, self.target.stage)
        return None if text is None else exported(json.loads(self._filled(text)))

    @fact
    def draft(self) -> Version | None:
        """The API as it is now, deployed or not."""
        text = read_draft(self.aws, self.target.api_id)
        return None if text is None else drafted(*json.loads(self._filled(text)))

    def _filled(self, text: str) -> str:
        """Replace the stage variables."""
        if not STAGE_VARIABLE.search(text):
            return text
        stage = (self.stages or {}).get(self.target.stage, {})
        return with_stage_variables(text, stage.get("variables", {}), keeps_unset=True)

    @property
    def live(self) -> Method | None:
        """The method that the stage serves; None if it serves no such route."""
        return self._in(self.served)

    @property
    def planned(self) -> Method | None:
        """The same method in the draft."""
        return self._in(self.draft)

    @property
    def method(self) -> Method | None:
        """The method that was called.

        It is the draft's where the stage cannot be read, or where the response
        contradicts the export of the stage.
        """
        try:
            live = self.live
        except Unread:
            return self.planned
        return self.planned if self.is_refuted(live) else live

    def is_refuted(self, live: Method | None) -> bool:
        """Return whether the export shows an open route that responded with 401."""
        is_open = live is not None and live.authorization_type == OPEN
        return is_open and self.failed_with(HTTPStatus.UNAUTHORIZED)

    @property
    def contradiction(self) -> str | None:
        """How the response contradicts the export, if it does."""
        live = or_default(lambda: self.live, None)
        if live is None or not self.is_refuted(live):
            return None
        return (
            f"the API's export describes {live.route} as open to everyone, but API "
            "Gateway responded 401: the export does not show what the stage serves"
        )

    @property
    def _source(self) -> str:
        return or_default(lambda: self.source_arn, "arn:aws:execute-api:…")

    @property
    def _known_method(self) -> Method | None:
        return or_default(lambda: self.method, None)

    def _in(self, version: Version | None) -> Method | None:
        return version.match(self.sent.verb, self.sent.bare_path) if version else None

    # The token.

    @property
    def header(self) -> str:
        """The header that the authorizer reads."""
        method = self._known_method
        if method and method.authorizer:
            return method.authorizer.header
        return self.target.header or "Authorization"

    @property
    def token(self) -> str | None:
        """The token as sent."""
        return self.sent.token_in(self.header)

    @property
    def secured_method(self) -> tuple[Method, Authorizer]:
        """The method and its Cognito authorizer; raises `NotInQuestion` without one."""
        method = self.method
        if (
            method is None
            or method.authorization_type != COGNITO
            or method.authorizer is None
        ):
            raise NotInQuestion
        return method, method.authorizer

    def require_cognito(self) -> None:
        """Raise `NotInQuestion` for a method that is known to require no token."""
        method = or_default(lambda: self.method, _UNKNOWN)
        if method is None or method.authorization_type != COGNITO:
            raise NotInQuestion

    def readable_claims(self) -> dict[str, Any]:
        """Return the token's claims; raise `NotInQuestion` for a malformed token."""
        if not self.claims or has_stray_characters(self.token or ""):
            raise NotInQuestion
        return self.claims

    @property
    def claims(self) -> dict[str, Any]:
        """The token's claims, unverified; empty for what is not a JWT."""
        return claims_of(self.token or "")

    @fact
    def flaw(self) -> Flaw | None:
        """What is wrong with the token, verified with its user pool's keys."""
        # A token's issuer is only contacted if it is a user pool of this API.
        method, pool_id = self.method, pool_of(self.claims)
        trusted = method.authorizer.pool_ids if method and method.authorizer else []
        if not self.token or pool_id not in (*trusted, self.target.pool_id):
            raise NotInQuestion
        at = self.answer.at if self.answer else None
        return self._pools.flaw_of(self.token, pool_id, at)

    @fact
    def lost_pools(self) -> list[str]:
        """The authorizer's user pools that do not exist."""
        method = self.method
        authorizer = method.authorizer if method else None
        # User pools of another account cannot be read.
        here = self.aws.account.arn("cognito-idp", "userpool/")
        ours = [
            arn
            for arn in (authorizer.pools if authorizer else ())
            if arn.startswith(here)
        ]
        ids = [arn.rpartition("/")[2] for arn in ours]
        return [pool_id for pool_id in ids if not self._is_pool(pool_id)]

    def _is_pool(self, pool_id: str) -> bool:
        with absent_is_none():
            self.aws.cognito.describe_user_pool(UserPoolId=pool_id)
            return True
        return False

    # The function.

    @property
    def function_arn(self) -> str | None:
        """The function that the method calls."""
        return self.method.function if self.method else None

    @fact
    def source_arn(self) -> str:
        """The call's source ARN for the function's policy; path variables are `*`."""
        method, account = self.method, self.aws.account
        path = re.sub(r"\{[^}]+\}", "*", method.path if method else "/")
        rest = f"{self.target.api_id}/{self.target.stage}/{self.sent.verb}{path}"
        return account.arn("execute-api", rest)

    @fact
    def function(self) -> dict[str, Any] | None:
        """The function."""
        with absent_is_none():
            return dict(self.aws.functions.get_function(FunctionName=self.function_arn))
        return None

    @fact
    def statements(self) -> list[dict[str, Any]]:
        """The function's resource policy."""
        with absent_is_none():
            answer = self.aws.functions.get_policy(FunctionName=self.function_arn)
            return list(json.loads(answer["Policy"])["Statement"])
        return []

    @fact
    def log(self) -> FunctionLog:
        """What the function wrote."""
        if self.answer is None or not self.function_arn:
            raise NotInQuestion  # the function was not called
        usual = {"FunctionName": self.function_arn.partition(":function:")[2]}
        function = or_default(lambda: self.function or {}, {})
        configuration = usual | function.get("Configuration", {})
        log = FunctionLog.read(self.aws, configuration, self.answer.at)
        if not log.text:
            raise Unread(
                "what the function wrote", f"{log.group} has no log events of it yet"
            )
        return log

    # CORS.

    @property
    def origin(self) -> str | None:
        """The origin of the page that sends the request, if any."""
        return self.sent.header("Origin")

    @property
    def asked_verb(self) -> str:
        """The method of the page's call; a preflight announces another request's."""
        return self._preflighted("Method") or self.sent.verb

    @property
    def asked_headers(self) -> list[str]:
        """The headers that a page may set only where a preflight allows them."""
        if (names := self._preflighted("Headers")) is not None:
            return [name for part in names.split(",") if (name := part.strip())]
        return [name for name, value in self.sent.headers if is_asked_for(name, value)]

    def _preflighted(self, what: str) -> str | None:
        """Return what the call asks for, if it is a preflight itself."""
        if self.sent.verb != "OPTIONS":
            return None
        return self.sent.header(f"Access-Control-Request-{what}")

    @fact
    def preflight(self) -> Answer:
        """The response to a CORS preflight."""
        if self.sent.verb == "OPTIONS" and self.answer:
            return self.answer
        asked = {
            "Origin": self.origin or "https://example.com",
            "Access-Control-Request-Method": self.sent.verb,
        }
        if names := sorted(name.lower() for name in self.asked_headers):
            asked["Access-Control-Request-Headers"] = ",".join(names)
        url = f"{self.target.url}{self.sent.path}"
        return Answer.of(send("OPTIONS", url, [*asked.items()]))
