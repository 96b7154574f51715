# The same stack for Terraform; AWS is at `endpoint`.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "password" { type = string }
variable "memory" { default = 128 }

locals { name = "transactions" }

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "any"
  secret_key                  = "any"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
  default_tags { tags = { stack = local.name } }
  endpoints {
    apigateway = var.endpoint
    cognitoidp = var.endpoint
    iam        = var.endpoint
    lambda     = var.endpoint
    logs       = var.endpoint
    sts        = var.endpoint
  }
}

resource "aws_cognito_user_pool" "pool" {
  name                = local.name
  username_attributes = ["email"]
  admin_create_user_config { allow_admin_create_user_only = true }
}

resource "aws_cognito_user_pool_client" "web" {
  name                                 = "${local.name}-web"
  user_pool_id                         = aws_cognito_user_pool.pool.id
  callback_urls                        = ["http://localhost:8765/callback"]
  logout_urls                          = ["http://localhost:8765/"]
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = ["openid", "email", "profile"]
  supported_identity_providers         = ["COGNITO"]
}

resource "aws_cognito_user_pool_domain" "domain" {
  domain       = "transactions-benchmark"
  user_pool_id = aws_cognito_user_pool.pool.id
}

resource "aws_cognito_user" "alice" {
  user_pool_id   = aws_cognito_user_pool.pool.id
  username       = "alice@example.com"
  password       = var.password
  message_action = "SUPPRESS"
  attributes     = { email = "alice@example.com", email_verified = true }
}

resource "aws_cloudwatch_log_group" "hello" {
  name = "/aws/lambda/${local.name}-hello"
}

resource "aws_iam_role" "hello" {
  name = "${local.name}-hello"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "logs" {
  name = "write-logs"
  role = aws_iam_role.hello.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.hello.arn}:*"
    }]
  })
}

resource "aws_lambda_function" "hello" {
  function_name    = "${local.name}-hello"
  role             = aws_iam_role.hello.arn
  runtime          = "python3.13"
  handler          = "handler.lambda_handler"
  memory_size      = var.memory
  filename         = "handler.zip"
  source_code_hash = filebase64sha256("handler.zip")
  depends_on       = [aws_iam_role_policy.logs]
}

resource "aws_api_gateway_rest_api" "api" {
  name = local.name
  endpoint_configuration { types = ["REGIONAL"] }
}

resource "aws_api_gateway_resource" "transactions" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_rest_api.api.root_resource_id
  path_part   = "transactions"
}

resource "aws_api_gateway_authorizer" "cognito" {
  name          = "cognito"
  type          = "COGNITO_USER_POOLS"
  rest_api_id   = aws_api_gateway_rest_api.api.id
  provider_arns = [aws_cognito_user_pool.pool.arn]
}

resource "aws_api_gateway_method" "get" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  resource_id   = aws_api_gateway_resource.transactions.id
  http_method   = "GET"
  authorization = "COGNITO_USER_POOLS"
  authorizer_id = aws_api_gateway_authorizer.cognito.id
}

resource "aws_api_gateway_integration" "get" {
  rest_api_id             = aws_api_gateway_rest_api.api.id
  resource_id             = aws_api_gateway_resource.transactions.id
  http_method             = aws_api_gateway_method.get.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.hello.invoke_arn
}

resource "aws_lambda_permission" "api" {
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.hello.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.api.execution_arn}/*/*"
}

resource "aws_api_gateway_deployment" "now" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  depends_on  = [aws_api_gateway_integration.get]
}

resource "aws_api_gateway_stage" "dev" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  deployment_id = aws_api_gateway_deployment.now.id
  stage_name    = "dev"
}
