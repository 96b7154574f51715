"""The same API for Chalice, which makes no user pool: it is told of one."""

import os

from chalice import Chalice, CognitoUserPoolAuthorizer

app = Chalice(app_name="transactions")
authorizer = CognitoUserPoolAuthorizer(
    "cognito", provider_arns=[os.environ["USER_POOL_ARN"]]
)


@app.route("/transactions", authorizer=authorizer)
def hello():
    """Answer as the console's first function does."""
    return "Hello from Lambda!"
