// Loaded by Node.js before AWS's runtime client, which takes an address and no path: adds
// the key to what it asks of our runtime API, and takes it out of the environment.
"use strict";

const http = require("node:http");
const { basename } = require("node:path");

const BASE = "/2018-06-01/runtime/";
const API = "AWS_LAMBDA_RUNTIME_API";
const address = process.env[API];
const path = `/${process.env.CGW_RUNTIME_KEY}`;
delete process.env.CGW_RUNTIME_KEY;

const { request } = http;
http.request = function (options, ...rest) {
  const isOurs =
    options?.path?.startsWith?.(BASE) &&
    `${options.hostname}:${options.port}` === address;
  const changed = isOurs ? { ...options, path: path + options.path } : options;
  return request.call(this, changed, ...rest);
};
require("node:module").syncBuiltinESMExports();

// Its native part reads the address once, as it is loaded, and puts paths behind it.
const { dlopen } = process;
process.dlopen = function (module, file, ...rest) {
  if (basename(file) !== "rapid-client.node") return dlopen.call(this, module, file, ...rest);
  process.env[API] = address + path;
  try {
    return dlopen.call(this, module, file, ...rest);
  } finally {
    process.env[API] = address;
  }
};
