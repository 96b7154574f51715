"""The local API Gateway: what answers a request to a deployed stage."""
