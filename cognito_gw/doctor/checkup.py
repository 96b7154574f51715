"""The checks for one project file, target and caller, and the facts they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.aws import clients
from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.aws.waits import Once
from cognito_gw.doctor import caller, machine
from cognito_gw.doctor.account import counts_of, permissions, quotas
from cognito_gw.doctor.caller import origin, region
from cognito_gw.doctor.finding import NO_FILE, CannotTell, Finding, needed
from cognito_gw.doctor.machine import versions
from cognito_gw.errors import UsageError
from cognito_gw.oauth.request import send
from cognito_gw.resources.policy import operator_policy
from cognito_gw.resources.stack import build
from cognito_gw.state import state_directory

if TYPE_CHECKING:
    from cognito_gw.doctor.finding import Check, DoctorOptions


class Checkup:
    """Reads each fact once, for all checks that need it."""

    def __init__(self, options: DoctorOptions) -> None:
        """Read nothing yet."""
        self.options = options
        self.state = Once(state_directory)
        self.server = Once(lambda: machine.find(self.state(), options.platform))
        self.session = Once(self._session)
        self.aws = Once(self._aws)
        self.identity = Once(lambda: caller.ask(self.aws().sts))

    def checks(self) -> dict[str, Check]:
        """Return the checks by name, in the order in which to fix what they find."""
        options = self.options
        return {
            "versions": lambda: versions(is_local=options.is_local),
            "file": lambda: machine.file(options),
            "region": self._region,
            "credentials": self._credentials,
            "clock": self._clock,
            "endpoints": self._endpoints,
            "permissions": self._permissions,
            "quotas": self._quotas,
            "callback ports": self._callback_ports,
            "state directory": lambda: machine.state_directory(
                self.state, options.platform
            ),
            "packages": lambda: machine.packages(options.config),
            "local AWS": self._local,
            "local functions": self._functions,
        }

    def _session(self) -> Any:
        options = self.options
        name = options.region or options.region_in_file
        if options.is_local:
            # Only for its Region: a running local AWS has its own access key.
            return clients.local_session(name, AccessKey.create())
        return self._traced(clients.aws_session(options.profile, name))

    def _session_of_file(self) -> Any:
        """Return the session; skip the check where an invalid file hides the Region."""
        try:
            return self.session()
        except UsageError:
            if self.options.problem:
                raise CannotTell("the file is not valid: see `file`") from None
            raise

    def _aws(self) -> clients.Aws:
        if not self.options.is_local:
            return clients.Aws(self.session())
        server, _ = self.server()
        if server is None:
            raise CannotTell("the local AWS is not running: see `local AWS`")
        session = clients.local_session(self.session().region_name, server.access_key)
        return clients.Aws(self._traced(session), endpoint_url=server.url)

    def _traced(self, session: Any) -> Any:
        if self.options.tell:
            clients.trace_calls(session, self.options.tell)
        return session

    def _region(self) -> Finding:
        with needed("there is no session: see `credentials`", passing=UsageError):
            session = self._session_of_file()
        options = self.options
        source = origin(options.region, options.region_in_file, options.environment)
        is_default = options.is_local and source not in ("--region", "the file")
        return region(session, "the local AWS's default" if is_default else source)

    def _credentials(self) -> Finding:
        try:
            identity = self.identity()
        except UsageError as error:
            raise CannotTell("there is no Region: see `region`") from error
        made_up = "generated: the local AWS accepts any"
        source = made_up if self.options.is_local else caller.source_of(self.aws())
        return caller.credentials(identity, source)

    def _clock(self) -> Finding:
        with needed("AWS did not respond: see `credentials`"):
            identity = self.identity()
        return caller.clock(identity)

    def _endpoints(self) -> Finding:
        with needed("there is no session: see `region` and `credentials`"):
            aws = self.aws()
        return caller.endpoints(caller.endpoints_of(aws), send)

    def _known(self) -> caller.Identity:
        """Return the caller; skip the check where it is unknown."""
        why = "the caller is unknown: see `credentials`"
        with needed(why):
            identity = self.identity()
        if identity.refusal:
            raise CannotTell(why)
        return identity

    def _permissions(self) -> Finding:
        if self.options.is_local:
            raise CannotTell("the local AWS does not check permissions")
        if self.options.config is None:
            raise CannotTell(NO_FILE)
        who, aws = self._known(), self.aws()
        stack = build(self.options.config, who.account_in(aws.region))
        return permissions(operator_policy(stack), who.arn, aws.iam, aws.region)

    def _quotas(self) -> Finding:
        if self.options.is_local:
            raise CannotTell("the local AWS has no quotas")
        self._known()
        config = self.options.config
        return quotas(counts_of(self.aws(), config.api.endpoint if config else ""))

    def _callback_ports(self) -> Finding:
        config = self.options.config
        if config is None:
            raise CannotTell(NO_FILE)
        apps = config.app_clients.values()
        return machine.callback_ports(url for app in apps for url in app.callback_urls)

    def _functions(self) -> Finding:
        if not self.options.is_local:
            raise CannotTell("the local AWS is not the target")
        return machine.functions(self.options.config, self.options.platform)

    def _local(self) -> Finding:
        with needed("there is no state directory: see `state directory`"):
            self.state()
        server, was_recorded = self.server()
        is_local = self.options.is_local
        return machine.local(
            server,
            was_recorded=was_recorded,
            is_local=is_local,
            platform=self.options.platform,
        )
