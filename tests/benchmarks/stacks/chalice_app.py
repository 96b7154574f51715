"""The same API for Chalice, which does not create the user pool."""

import os

from chalice import Chalice, CognitoUserPoolAuthorizer

app = Chalice(app_name="transactions")
authorizer = CognitoUserPoolAuthorizer(
    "cognito", provider_arns=[os.environ["USER_POOL_ARN"]]
)


@app.route("/transactions", authorizer=authorizer)
def hello():
    """Answer like the console's first function."""
    return "Hello from Lambda!"
