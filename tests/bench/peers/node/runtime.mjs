// The loop of Lambda's runtime for Node.js, in as little code as it takes. Amazon's own polls by a
// native module, which npm builds on the machine only.
import http from "node:http";
import { handler } from "./handler.mjs";

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const loops = Number(process.env.AWS_LAMBDA_MAX_CONCURRENCY ?? 1);
const agent = new http.Agent({ keepAlive: true, maxSockets: loops });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const options = { agent, hostname, port, method, path: `/2018-06-01/runtime/invocation/${path}` };
    const request = http.request(options, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function loop() {
  for (;;) {
    const { headers, body } = await call("GET", "next");
    const id = headers["lambda-runtime-aws-request-id"];
    try {
      const response = await handler(JSON.parse(body));
      await call("POST", `${id}/response`, JSON.stringify(response));
    } catch (error) {
      await call("POST", `${id}/error`, JSON.stringify({ errorMessage: String(error?.stack) }));
    }
  }
}

await Promise.all(Array.from({ length: loops }, loop));
