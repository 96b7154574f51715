"""The services with corrections."""

from cognito_gw.local.corrections.call import Service

apigateway = Service("apigateway")
cognito_idp = Service("cognito-idp")
iam = Service("iam")
awslambda = Service("lambda")
logs = Service("logs")
tagging = Service("resourcegroupstaggingapi")
wafv2 = Service("wafv2")

SERVICES = {
    service.name: service
    for service in (apigateway, cognito_idp, iam, awslambda, logs, tagging, wafv2)
}
