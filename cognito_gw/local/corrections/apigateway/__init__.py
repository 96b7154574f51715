"""API Gateway (REST APIs), part by part."""
