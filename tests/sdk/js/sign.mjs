// Has Microsoft's own signing policy sign requests; which one is decided by SDK_PACKAGES.
//
// Standard input: a JSON array of {method, url, body, date, key}; `date` is the text of the date
// header, which the policy would otherwise make from its clock. Standard output: a JSON array of
// Authorization headers.

import { json } from "node:stream/consumers";
import { sdk } from "./sdk.mjs";

const common = sdk("@azure/communication-common");
const RunningDate = Date;

async function authorization({ method, url, body, date, key }) {
  stopTheClock(date);
  const credential = { key };
  const signed = common.createCommunicationAuthPolicy
    ? await signWithPipeline(common.createCommunicationAuthPolicy(credential), method, url, body)
    : await signWithCoreHttp(common.createCommunicationAccessKeyCredentialPolicy(credential), method, url, body);
  return signed.headers.get("authorization");
}

/** The policy of communication-common from 2.0. */
async function signWithPipeline(policy, method, url, body) {
  const request = sdk("@azure/core-rest-pipeline").createPipelineRequest({ method, url, body });
  await policy.sendRequest(request, async () => ({}));
  return request;
}

/** The policy of the 2020 previews. */
async function signWithCoreHttp(factory, method, url, body) {
  const request = new (sdk("@azure/core-http").WebResource)(url, method, body);
  await factory.create({ sendRequest: async () => ({}) }, {}).sendRequest(request);
  return request;
}

function stopTheClock(date) {
  globalThis.Date = class extends RunningDate {
    constructor(...given) {
      super(...(given.length === 0 ? [date] : given));
    }
  };
}

const signatures = [];
for (const request of await json(process.stdin)) signatures.push(await authorization(request));
process.stdout.write(JSON.stringify(signatures));
