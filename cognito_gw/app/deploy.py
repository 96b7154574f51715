"""Plans, creates, updates and removes the resources of a stack."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from cognito_gw.app.history import History
from cognito_gw.app.layers import check_layers, missing_locally
from cognito_gw.app.walks import failure_code, locked, look, planned, prepare, walk
from cognito_gw.engine.resource import Action, Step, told
from cognito_gw.errors import CannotChange, CgwError, Missing, NotOurs, UsageError
from cognito_gw.oauth.cache import forget
from cognito_gw.resources.code import IGNORE_FILE, code_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cognito_gw.app.context import Context
    from cognito_gw.app.walks import Report
    from cognito_gw.engine.resource import Resource

    # Shows changes to the user, and raises unless the user agrees.
    Approve = Callable[[list[Step]], None]

_TAG_FIELDS = ("UserPoolTags", "tags", "Tags")  # as AWS's services name them


def warn(context: Context) -> None:
    """Report what the file allows but may be a mistake."""
    for warning in [
        *context.loaded.warnings,
        *_settings_left_out(context),
        *_local_shortcomings(context),
    ]:
        context.ui.warn(warning)


def _settings_left_out(context: Context) -> Iterator[str]:
    """Yield a warning for each settings file beside code that is not deployed."""
    folders = code_folders(context.config.functions.values())
    for folder in sorted(folders, key=lambda folder: folder.path):
        if warning := folder.unlocked():
            yield warning
        for name in folder.settings_left_out():
            yield (
                f"{folder.path / name} is not deployed. If the function needs it, copy "
                "its values to `environment`, or list it under `include`. To hide this "
                f"warning, list it in {IGNORE_FILE}"
            )


def _local_shortcomings(context: Context) -> list[str]:
    """Return a warning for each function that the local AWS runs differently."""
    if not context.is_local:
        return []
    from cognito_gw.local.awslambda.clients import shortcomings

    differences = shortcomings(context.config.functions).values()
    return [*differences, *missing_locally(context.config)]


def plan(context: Context) -> list[Step]:
    """Return what `up` would do; change nothing."""
    warn(context)
    history = History(context)
    prepare(context, history.look)
    for notice in history.notices():
        context.ui.warn(notice)
    resources = context.stack.resources
    check_code(context, resources)
    return told(planned(context, resources))


def up(context: Context, approve: Approve | None = None) -> list[Step]:
    """Create or update the whole stack, and return what was done.

    Resources that fail have a step with an error; this raises only for what is found
    before the first change. For `approve`, see `apply`.
    """
    warn(context)
    history = History(context)
    prepare(context, history.look)
    return apply(context, context.stack.resources, approve, history=history)


def apply(
    context: Context,
    resources: list[Resource],
    approve: Approve | None = None,
    *,
    history: History | None = None,
    report: Report = "all",
) -> list[Step]:
    """Create or update resources of the stack, and return what was done.

    `approve` gets the changes that need a confirmation before any is made.
    `report` selects the steps that the user sees.
    """
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import forward

    check_code(context, resources)
    history = history or History(context)
    visit = partial(reconcile.apply, aws=context.aws)
    with locked(context):
        _check_passwords(context, resources)
        if failed := _stuck(context, resources) if history.exists else []:
            return failed
        _confirm(history, lambda: told(planned(context, resources)), approve)
        steps = walk(context, visit, forward(resources), resources, report=report)
    if any(client.changed for client in context.stack.clients.values()):
        forget(context.config.name)
    return told(steps)


def _confirm(
    history: History, plan: Callable[[], list[Step]], approve: Approve | None
) -> None:
    """Show notices, have the changes approved, and note that this file applies them.

    What needs approval: every change of a stack that is protected, or was applied from
    elsewhere; otherwise only deletions and replacements.
    """
    notices = history.notices()
    for notice in notices:
        history.context.ui.warn(notice)
    if approve:
        changes = [step for step in plan() if step.is_change]
        is_all = notices or history.context.config.protect
        asked = changes if is_all else [step for step in changes if step.is_loss]
        if asked:
            approve(asked)
    history.note()


def _stuck(context: Context, resources: list[Resource]) -> list[Step]:
    """Return the steps of a run that changes nothing, if AWS fixed what must change.

    Only the few resources with such settings are read for this.
    """
    fixed = [resource for resource in resources if resource.frozen]
    failed = {
        step.resource: step
        for step in planned(context, fixed)
        if isinstance(step.error, CannotChange)
    }
    if not failed:
        return []
    for step in failed.values():
        context.ui.finished(step)
    why = CgwError("not changed: another step cannot succeed")
    return [
        failed.get(resource) or Step(resource, Action.SKIP, error=why, done=True)
        for resource in resources
        if resource.enabled
    ]


def check_code(context: Context, resources: list[Resource]) -> None:
    """Raise for code that Lambda would refuse, or that contains secrets.

    Packages are built for Lambda, and for this machine if the local AWS needs that.
    """
    from cognito_gw.resources.function import Function

    if not context.is_local:
        check_layers(context.loaded, context.aws.region)
    for resource in resources:
        if isinstance(resource, Function):
            resource.check_code(context.ui.tell)
            if context.is_local:
                resource.build_here(context.ui.tell)


def _check_passwords(context: Context, resources: list[Resource]) -> None:
    """Raise for the passwords of new users whose variables are not set."""
    from cognito_gw.resources.user import User

    users = [resource for resource in resources if isinstance(resource, User)]
    lacking = [user for user in users if user.lacks_password]
    if not lacking:
        return
    look(context, [*lacking])
    new = [user for user in lacking if user.needs_password and user.password]
    if new:
        names = sorted({str(user.password and user.password.missing) for user in new})
        raise UsageError(
            f"no password for {', '.join(map(str, new))}: "
            f"set the environment variable {', '.join(names)}",
            hint="; ".join(f"export {name}=…" for name in names),
        )


def take_step(
    context: Context,
    step: str,
    approve: Approve | None = None,
    *,
    with_deps: bool = False,
) -> list[Step]:
    """Create or update what one step of the tutorial makes; see `apply`."""
    with locked(context):
        history = History(context)
        plan = partial(
            run_step, context, step, with_deps=with_deps, dry_run=True, report="none"
        )
        _confirm(history, plan, approve)
        return run_step(context, step, with_deps=with_deps)


def run_step(
    context: Context,
    step: str,
    *,
    with_deps: bool = False,
    dry_run: bool = False,
    report: Report = "all",
) -> list[Step]:
    """Create or update one step's resources; raise if a prerequisite is missing.

    `with_deps` also creates prerequisites; `dry_run` changes nothing.
    """
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import closure, forward

    chosen = _resources_of(context, step)
    needed = closure(chosen)
    shown = needed if with_deps else chosen
    _require(context, [resource for resource in needed if resource not in shown])
    check_code(context, shown)
    if not dry_run:
        _check_passwords(context, shown)
    if failed := _stuck(context, shown) if with_deps and not dry_run else []:
        return failed
    verb = reconcile.plan if dry_run else reconcile.apply
    visit = partial(verb, aws=context.aws)
    return told(walk(context, visit, forward(shown), shown, report=report))


def _resources_of(context: Context, step: str) -> list[Resource]:
    """Return what the step makes; the authorizer is also attached to its methods."""
    chosen = context.stack.of(step)
    if step != "authorizer":
        return chosen
    methods = [method for method in context.stack.methods if method.authorizer]
    look(context, [*methods])
    return [*chosen, *(method for method in methods if method.live is not None)]


def _require(context: Context, resources: list[Resource]) -> None:
    """Read the prerequisites of a step; raise one error for all that are missing."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import forward
    from cognito_gw.resources.stack import STEPS

    visit = partial(reconcile.require, aws=context.aws)
    steps = walk(context, visit, forward(resources), resources, report="none")
    failed = [step for step in steps if step.word == "failed" and step.error]
    for step in failed:
        if step.error and not isinstance(step.error, Missing):
            raise step.error
    if failed:
        # A skipped resource depends on a failed one, so its step must run as well.
        missing = {step.resource.command for step in steps if step.error}
        commands = [f"`cgw {name}`" for name in STEPS if name in missing]
        raise Missing(
            f"not there yet: {', '.join(str(step.resource) for step in failed)}",
            hint=f"run {', '.join(commands)} first, or add `--with-deps`",
        )


class Removal:
    """Removes what a stack owns, and nothing else; begin with `find`."""

    def __init__(self, context: Context) -> None:
        """Make no call yet."""
        self.context = context
        self._found: list[Resource] = []
        self.foreign: list[Step] = []  # with errors: the names belong to others

    def find(self) -> list[Resource]:
        """Return what the stack owns; raise if any of it must not be deleted."""
        from cognito_gw.engine import reconcile
        from cognito_gw.engine.walk import forward
        from cognito_gw.resources.unmanaged import leftover_functions

        context = self.context
        prepare(context)
        stack = context.stack
        resources = stack.resources + leftover_functions(stack, context.aws)
        visit = partial(reconcile.refresh, aws=context.aws)
        steps = walk(context, visit, forward(resources), resources, report="none")
        self.foreign = [step for step in steps if isinstance(step.error, NotOurs)]
        for step in steps:
            if step.word == "failed" and step.error and step not in self.foreign:
                raise step.error
        self._found = [resource for resource in resources if resource.live is not None]
        if stack.pool.protected:
            raise stack.pool.protected
        _require_environment(context, self._owned)
        return self._owned

    @property
    def _owned(self) -> list[Resource]:
        return [resource for resource in self._found if resource.managed]

    def contents(self) -> Counter[str]:
        """Count by kind what the pool and the API contain beyond the file."""
        from cognito_gw.resources.unmanaged import unmanaged

        stack = self.context.stack
        kinds = (kind for kind, *_ in unmanaged(stack, self.context.aws))
        counts = Counter(kind for kind in kinds if kind not in ("function", "setting"))
        if stack.pool.live and stack.pool.managed:
            in_file = sum(user.live is not None for user in stack.users)
            counts["user"] = stack.pool.live.get("EstimatedNumberOfUsers", 0) - in_file
        if stack.api.live and stack.api.managed:
            counts["route"] = len(stack.api.live["UnlistedRoutes"])
        return +counts  # only those above zero

    def remove(self) -> list[Step]:
        """Delete what was found, and forget the tokens of the stack."""
        from cognito_gw.engine import reconcile
        from cognito_gw.engine.walk import backward

        context = self.context
        visit = partial(reconcile.destroy, aws=context.aws)
        steps = walk(context, visit, backward(self._found), self._owned)
        forget(context.config.name)
        if not failure_code(steps):
            History(context).clear()
        return steps


def _require_environment(context: Context, resources: list[Resource]) -> None:
    """Raise for resources of an environment whose stack has the same name.

    The file that describes the environment may protect it.
    """
    from cognito_gw.config.model import ENVIRONMENT_TAG

    for resource in resources:
        live = resource.live or {}
        all_tags = (live.get(key) or {} for key in _TAG_FIELDS)
        envs = {tags[ENVIRONMENT_TAG] for tags in all_tags if ENVIRONMENT_TAG in tags}
        for env in envs - {context.config.env}:
            raise UsageError(
                f"the stack `{context.config.name}` is the environment `{env}` of "
                "another file",
                hint=f"use that file with `--env {env}`",
            )
