// Runs calls of an exported component in the harness of Prismatic's SDK: one JSON per line in, one per line out.
const dns = require("node:dns");
const path = require("node:path");
const readline = require("node:readline");

const sdk = require(require.resolve("@prismatic-io/spectral/dist/testing", { paths: [process.cwd()] }));
const definition = require(path.resolve("dist/index.js")).default;
const output = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
for (const name of ["log", "info", "warn", "debug", "error"]) console[name] = () => undefined;

// No test reaches another computer.
const lookup = dns.lookup;
dns.lookup = (host, options, callback) => {
  if (host === "localhost") return lookup(host, options, callback);
  const error = Object.assign(new Error(`no such host: ${host}`), { code: "ENOTFOUND" });
  return setImmediate(() => callback(error));
};

const harness = sdk.createHarness(definition);

// `bare` calls the action itself: the harness would fill in the defaults of the form.
async function call({ kind, key, inputs, fields, bare }) {
  const connection = sdk.createConnection({ key: "apiKey" }, fields);
  const defined = kind === "action" ? definition.actions[key] : definition.dataSources[key];
  const { key: name } = defined.inputs.find(({ type }) => type === "connection");
  const params = { ...inputs, [name]: connection };
  return bare ? defined.perform({ logger: console }, params) : harness[kind](key, params);
}

output(definition);
readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  try {
    output({ result: await call(JSON.parse(line)) });
  } catch (error) {
    output({ error: error.message, name: error.name });
  }
});
