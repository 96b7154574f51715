"""A small stack with a resource of every kind, before and after an edit."""

from __future__ import annotations

SMALL = """
name: shop
region: eu-west-1
tags: {team: payments}
user_pool: {groups: [writers]}
resource_servers:
  orders: {scopes: {read: Read orders}}
app_clients:
  web: {oauth_scopes: [openid, orders/read]}
domain: {prefix: shop-front, login: managed}
users: [{username: bob@example.com, password: Correct-Horse-1, groups: [writers]}]
functions:
  hello: {}
api:
  cors: {origins: ["https://shop.example.com"]}
  routes:
    GET /orders: {scopes: [orders/read]}
    POST /orders: {}
"""
CHANGED = """
name: shop
region: eu-west-1
tags: {team: logistics}
user_pool:
  mfa: optional
  groups: [writers, readers]
  password_policy: {min_length: 10, require: [lowercase, numbers]}
  attributes: {"custom:team": {max: 64}}
resource_servers:
  orders: {scopes: {read: Read orders, write: Write them}}
app_clients:
  web: {oauth_scopes: [openid, orders/write], validity: {access: 15m}}
domain: {prefix: shop-window, login: managed}
users:
  - username: bob@example.com
    password: Correct-Horse-1
    groups: [readers]
    attributes: {"custom:team": logistics}
functions:
  hello: {timeout: 7, concurrency: 5, environment: {TABLE: orders}}
api:
  name: shop-api
  stage: live
  cors: {origins: ["https://shop.example.com", "https://shop.example.org"]}
  routes:
    GET /orders: {scopes: [orders/write]}
    DELETE /orders: {auth: none}
  authorizer: {ttl: 60}
"""
