"""The checks for one file, one target and one caller, and what they have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.aws import clients
from cognito_gw.aws.access_key import AccessKey
from cognito_gw.doctor import caller, machine
from cognito_gw.doctor.caller import origin, region
from cognito_gw.doctor.finding import CannotTell, Finding, needed
from cognito_gw.doctor.machine import versions
from cognito_gw.doctor.permissions import permissions
from cognito_gw.doctor.quotas import counts_of, quotas
from cognito_gw.errors import UsageError
from cognito_gw.oauth.request import send
from cognito_gw.once import Once
from cognito_gw.resources.policy import operator_policy
from cognito_gw.resources.stack import build
from cognito_gw.state import state_directory

if TYPE_CHECKING:
    from cognito_gw.doctor.finding import Asked, Check


class Checkup:
    """Asks each question once, however many checks wait for the answer."""

    def __init__(self, asked: Asked) -> None:
        """Ask nothing yet."""
        self.asked = asked
        self.state = Once(state_directory)
        self.server = Once(lambda: machine.find(self.state()))
        self.session = Once(self._session)
        self.aws = Once(self._aws)
        self.identity = Once(lambda: caller.ask(self.aws().sts))

    def checks(self) -> dict[str, Check]:
        """Return the checks, in the order in which one mends what they find."""
        asked = self.asked
        return {
            "versions": lambda: versions(is_local=asked.is_local),
            "file": lambda: machine.file(asked),
            "region": self._region,
            "credentials": self._credentials,
            "clock": self._clock,
            "endpoints": self._endpoints,
            "permissions": self._permissions,
            "quotas": self._quotas,
            "callback ports": self._callback_ports,
            "state directory": lambda: machine.state_directory(self.state),
            "local AWS": self._local,
            "local functions": self._functions,
        }

    def _session(self) -> Any:
        asked = self.asked
        name = asked.region or asked.region_in_file
        if asked.is_local:
            # To ask nothing with: the key of a local AWS is known where one runs.
            return clients.local_session(name, AccessKey.create())
        return self._traced(clients.aws_session(asked.profile, name))

    def _session_of_file(self) -> Any:
        """Return the session; skip the check where only the file may name a region."""
        try:
            return self.session()
        except UsageError:
            if self.asked.problem:
                raise CannotTell("the file cannot be read: see `file`") from None
            raise

    def _aws(self) -> clients.Aws:
        if not self.asked.is_local:
            return clients.Aws(self.session())
        server, _ = self.server()
        if server is None:  # to start it is not for who only looks
            raise CannotTell("the local AWS is not running: see `local AWS`")
        session = clients.local_session(self.session().region_name, server.access_key)
        return clients.Aws(self._traced(session), endpoint_url=server.url)

    def _traced(self, session: Any) -> Any:
        if self.asked.tell:
            clients.trace_calls(session, self.asked.tell)
        return session

    def _region(self) -> Finding:
        with needed("there is no session: see `credentials`", passing=UsageError):
            session = self._session_of_file()
        asked = self.asked
        source = origin(asked.region, asked.region_in_file, asked.environment)
        is_default = asked.is_local and source not in ("--region", "the file")
        return region(session, "the local AWS's default" if is_default else source)

    def _credentials(self) -> Finding:
        try:
            identity = self.identity()
        except UsageError as error:
            raise CannotTell("there is no region to ask in: see `region`") from error
        made_up = "made up: the local AWS takes any"
        source = made_up if self.asked.is_local else caller.source_of(self.aws())
        return caller.credentials(identity, source)

    def _clock(self) -> Finding:
        with needed("AWS has not answered: see `credentials`"):
            identity = self.identity()
        return caller.clock(identity)

    def _endpoints(self) -> Finding:
        with needed("there is no session: see `region` and `credentials`"):
            aws = self.aws()
        return caller.endpoints(caller.endpoints_of(aws), send)

    def _known(self) -> caller.Identity:
        """Return who calls; skip the check where AWS has not said so."""
        why = "AWS does not know the caller: see `credentials`"
        with needed(why):
            identity = self.identity()
        if identity.refusal:
            raise CannotTell(why)
        return identity

    def _permissions(self) -> Finding:
        if self.asked.is_local:
            raise CannotTell("the local AWS asks for no permissions")
        if self.asked.config is None:
            raise CannotTell("no file says what is needed: see `file`")
        who, aws = self._known(), self.aws()
        stack = build(self.asked.config, who.account_in(aws.region))
        return permissions(operator_policy(stack), who.arn, aws.iam, aws.region)

    def _quotas(self) -> Finding:
        if self.asked.is_local:
            raise CannotTell("the local AWS has no quotas")
        self._known()
        config = self.asked.config
        return quotas(counts_of(self.aws(), config.api.endpoint if config else ""))

    def _callback_ports(self) -> Finding:
        config = self.asked.config
        if config is None:
            raise CannotTell("no file names callback URLs: see `file`")
        apps = config.app_clients.values()
        return machine.callback_ports(url for app in apps for url in app.callback_urls)

    def _functions(self) -> Finding:
        if not self.asked.is_local:
            raise CannotTell("the local AWS is not the target")
        return machine.functions(self.asked.config)

    def _local(self) -> Finding:
        with needed("there is no state directory: see `state directory`"):
            self.state()
        server, was_recorded = self.server()
        is_local = self.asked.is_local
        return machine.local(server, was_recorded=was_recorded, is_local=is_local)
