"""A function's reserved concurrency, in addition to the contract tests."""

import pytest
from fakes import refusal


@pytest.fixture
def reserved(built):
    """Return a function that makes a stack's reservation of this size."""

    def make(calls):
        settings = {} if calls is None else {"concurrency": calls}
        stack = built(functions={"hello": settings}, api={"routes": {"GET /": {}}})
        return next(r for r in stack.resources if r.kind == "reserved concurrency")

    return make


def on_aws(aws):
    """Return the function's reservation on AWS, or None."""
    answer = aws.functions.get_function_concurrency(FunctionName="shop-hello")
    return answer.get("ReservedConcurrentExecutions")


def test_nothing_is_reserved_unless_the_file_sets_it(reserved, do, aws):
    resource = reserved(None)
    do("apply", resource)
    assert on_aws(aws) is None
    assert "PutFunctionConcurrency" not in aws.session.calls


@pytest.mark.parametrize("calls", [0, 1, 900])
def test_a_changed_number_is_set_and_a_removed_one_freed(reserved, do, aws, calls):
    do("apply", reserved(5))
    assert on_aws(aws) == 5
    assert do("apply", reserved(calls))
    assert on_aws(aws) == calls
    do("apply", reserved(None))
    assert on_aws(aws) is None


def test_a_number_set_elsewhere_is_drift(reserved, do, aws):
    do("apply", reserved(5))
    aws.functions.put_function_concurrency(
        FunctionName="shop-hello", ReservedConcurrentExecutions=7
    )
    resource = reserved(5)
    (step,) = [s for r, s in do("plan", resource).items() if r is resource]
    (change,) = step.changes.values()
    assert (step.action, change.before, change.after) == ("update", 7, 5)


def test_waits_while_another_change_of_the_function_is_in_progress(
    reserved, do, aws, monkeypatch
):
    """The invoke permission is added at the same time; Lambda then refuses one."""
    busy = refusal(
        "ResourceConflictException",
        "An update is in progress for resource: shop-hello",
        "PutFunctionConcurrency",
    )
    refusals, put = [busy], aws.functions.put_function_concurrency

    def put_later(**request):
        if refusals:
            raise refusals.pop()
        return put(**request)

    monkeypatch.setattr(aws.functions, "put_function_concurrency", put_later)
    do("apply", reserved(5))
    assert (refusals, on_aws(aws)) == ([], 5)
