"""The local Amazon API Gateway."""
