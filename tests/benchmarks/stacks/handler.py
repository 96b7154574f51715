"""The tutorial's function."""

import json


def lambda_handler(_event, _context):
    """Answer as the console's first function does."""
    return {"statusCode": 200, "body": json.dumps("Hello from Lambda!")}
