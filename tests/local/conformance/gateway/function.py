"""The function behind the routes: it returns what a case asks for, or its event."""

import json
import os
import time


def handler(event, _context):
    headers = event["headers"] or {}
    match headers.get("X-Do"):
        case "raise":
            raise ValueError("as asked")
        case "exit":
            os._exit(1)
        case "wait":
            time.sleep(1)
        case "large":
            return {"statusCode": 200, "body": "x" * (6 * 1024 * 1024 + 1000)}
    if "X-Answer" in headers:
        return json.loads(headers["X-Answer"])
    return {"statusCode": 200, "body": json.dumps(event)}
