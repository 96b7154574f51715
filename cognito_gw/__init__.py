"""cognito-gw: an API Gateway REST API secured by Amazon Cognito, from one file."""

__version__ = "0.1.0"
