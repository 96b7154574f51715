"""A stack on a local AWS of its own, for tests: see docs/ci.md."""

from cognito_gw.testing.local_stack import LocalStack, local_stack

__all__ = ["LocalStack", "local_stack"]
