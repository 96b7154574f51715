"""The local Amazon Cognito."""
